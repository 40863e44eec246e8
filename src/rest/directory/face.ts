import { z } from 'zod';
import { problemShape } from '../../errors/problem-shape.ts';
import type { Face } from '../face.ts';
import { accessRequests } from './access-requests.ts';
import { errorBody } from './errors.ts';
import { integrations } from './integrations.ts';
import { network } from './network.ts';
import { participants } from './participants.ts';

/** The face of the system that knows a tenant's directory. */
export const directory: Face = {
  name: 'directory',
  prefix: '/v1/',
  title: 'Participant directory',
  description:
    'The people, groups and AI agents of a tenant, and how they are reached. The tenant of the path is the credential’s; any other is a 404. Bodies are closed: an unknown property is a 400. Timestamps are integers: milliseconds since 1970. What is not known is null. A credential that does not verify is a 401 without a body.',
  credentials: ['Bearer', 'AccessKey', 'AgentSecretKey'],
  tenant: 'tenant',
  names: {
    tenant: z.string().min(1).meta({ description: 'The tenant’s id.' }),
    participant: z.uuid().meta({ description: 'The participant’s id.' }),
    binding: z.string().min(1).meta({ description: 'The agent’s id, not the binding’s.' }),
    provider: z.string().min(1).meta({ description: 'The provider, for example `slack`.' }),
    config: z.uuid().meta({ description: 'The integration config’s id.' }),
    revision: z.uuid().meta({ description: 'The revision’s id.' }),
    participantAccessRequest: z.uuid().meta({ description: 'The request’s id.' }),
    trigger: z.uuid().meta({ description: 'The trigger’s id.' }),
  },
  tags: {
    Participants: 'The people, groups and AI agents.',
    Bindings: 'Whose contacts they are.',
    'Access requests': 'Senders who ask to come in.',
    Integrations: 'Through which providers they are reached.',
    Network: 'All of it at once, and what of the system is not served.',
  },
  operations: [...participants, ...accessRequests, ...integrations, ...network],
  statusOf: ({ status }) => status,
  errorBody,
  error: problemShape.meta({ id: 'Problem' }),
};
