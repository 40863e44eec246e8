import { z } from 'zod';
import type { Face } from '../face.ts';
import { conversations as ofConversations } from './conversations.ts';
import { ErrorShape, errorBody, statusOf } from './errors.ts';
import { participants } from './participants.ts';
import { unserved } from './unserved.ts';

/** The face of the system that knows who takes part in which conversation. */
export const conversations: Face = {
  name: 'conversations',
  prefix: '/workspaces/',
  title: 'Conversations',
  description:
    'Who takes part in which conversation. The workspace of the path is the credential’s tenant; any other is a 404. Malformed input is a 422 whose `details` have the messages of each part. Timestamps are RFC 3339 with milliseconds. Pages have no `total`: it is not counted. A name or an avatar’s URL that is not known is an empty text.',
  credentials: ['AccessKey', 'Bearer', 'AgentSecretKey'],
  tenant: 'workspaceId',
  names: {
    workspaceId: z.uuid().meta({ description: 'The workspace: the tenant’s id.' }),
    conversationId: z.uuid().meta({ description: 'The conversation’s id.' }),
    conversationParticipantId: z.string().min(1).meta({
      description: 'The participant’s id: a user’s, a contact’s, a flow’s. Where several share it, the user’s.',
    }),
    identifierKey: z
      .string()
      .min(1)
      .meta({ description: '`emailaddress`, `phonenumber` or `fkid`; no contact has another kind here.' }),
    identifierValue: z.string().min(1).meta({ description: 'The identifier, percent-encoded: `%2B14155550100`.' }),
    messageId: z.uuid().meta({ description: 'The message’s id.' }),
    channelId: z.uuid().meta({ description: 'The channel’s id.' }),
    allowBlockRuleId: z.uuid().meta({ description: 'The rule’s id.' }),
  },
  tags: {
    Participants: 'Who takes part in a conversation, as what, and whether they are in yet.',
    Conversations: 'Conversations themselves.',
    'Not served': 'What of the system is not served: messages, and the settings of a workspace.',
  },
  operations: [...participants, ...ofConversations, ...unserved],
  statusOf,
  errorBody,
  error: ErrorShape,
};
