import { z } from 'zod';
import type { Face } from '../face.ts';
import { ErrorShape, errorBody, statusOf } from './errors.ts';
import { operations } from './operations.ts';

/** The face of the system that knows the external users. */
export const users: Face = {
  name: 'users',
  prefix: '/external/',
  title: 'External users',
  description:
    'The customers that an agent talks to, by e-mail, telephone number or foreign key. What is not known of a user is absent, never null. A credential that does not verify is a 403, as this system has no 401. Under an agent’s secret key conversations are those of its agent; other credentials see all of the tenant’s.',
  credentials: ['AgentSecretKey', 'Bearer', 'AccessKey'],
  tenant: null,
  names: {
    id: z.string().meta({ description: 'The user’s or conversation’s id.' }),
    agentId: z.string().meta({ description: 'The agent’s id.' }),
  },
  tags: {
    Users: 'The customers of the tenant’s agents.',
    Conversations: 'What the system keeps of conversations, none of which is served here.',
  },
  operations,
  statusOf,
  errorBody,
  error: ErrorShape,
};
