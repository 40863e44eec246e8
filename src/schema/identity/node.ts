import { keyById } from '../../auth/keys.ts';
import type { Scope } from '../../auth/scopes.ts';
import { demand } from '../../auth/viewer.ts';
import { batchById } from '../../avatars/batches.ts';
import { failureById } from '../../avatars/failures.ts';
import { memberById } from '../../conversations/memberships.ts';
import { conversationById } from '../../conversations/queries.ts';
import type { Loader } from '../../database/loaders.ts';
import { bindingById } from '../../directory/bindings/bindings.ts';
import { channelById } from '../../directory/channels/channels.ts';
import { participantById } from '../../directory/participants/queries.ts';
import { unknownSenderById } from '../../directory/unknown-senders/queries.ts';
import { candidateById } from '../../duplicates/queries.ts';
import { identifierById } from '../../external-users/identifier-changes.ts';
import { externalUserById } from '../../external-users/queries.ts';
import { type NodeName, nodeTypeById } from '../../identity/node-types.ts';
import { configById } from '../../integrations/configs.ts';
import { mergeById } from '../../merging/merges.ts';
import { builder } from '../builder.ts';
import { NodeType, nodeTypes } from '../node-interface.ts';

type NodeLoader = { scope: Scope; loader: Loader<string, object | null>; scopeOf?: (row: object) => Scope };

/** What is about participants is the directory's. */
const scopeOfKind = (row: object): Scope =>
  'kind' in row && row.kind === 'PARTICIPANT' ? 'participants:read' : 'users:read';

/** How the types that have a UUID of their own are loaded, and the scope that each is seen with. */
export const nodes: Readonly<Record<NodeName, NodeLoader>> = {
  AvatarSyncBatch: { scope: 'participants:read', loader: batchById },
  AvatarSyncFailure: { scope: 'participants:read', loader: failureById },
  Binding: { scope: 'participants:read', loader: bindingById },
  Channel: { scope: 'participants:read', loader: channelById },
  Conversation: { scope: 'conversations:read', loader: conversationById },
  ConversationParticipant: { scope: 'conversations:read', loader: memberById },
  CredentialKey: { scope: 'admin', loader: keyById },
  DuplicateCandidate: { scope: 'users:read', loader: candidateById, scopeOf: scopeOfKind },
  ExternalUser: { scope: 'users:read', loader: externalUserById },
  ExternalUserIdentifier: { scope: 'users:read', loader: identifierById },
  IntegrationConfig: { scope: 'participants:read', loader: configById },
  Merge: { scope: 'users:read', loader: mergeById, scopeOf: scopeOfKind },
  Participant: { scope: 'participants:read', loader: participantById },
  UnknownSender: { scope: 'participants:read', loader: unknownSenderById },
};

builder.queryField('node', (t) =>
  t.field({
    type: NodeType,
    nullable: true,
    description:
      'What has that UUID, for clients that fetch a thing anew by its id alone; null when the tenant has nothing of that id that the viewer sees. The directory’s things need `participants:read`, conversations and their participants need `conversations:read`, external users need `users:read`, and keys need `admin`: without the scope it is null, with `FORBIDDEN`.',
    args: { id: t.arg.id({ required: true, description: 'The UUID.' }) },
    resolve: async (_, { id }, context) => {
      const found = await context.load(nodeTypeById, id);
      if (found === null) return null;
      const { scope, loader, scopeOf } = nodes[found.type];
      if (!scopeOf) demand(context.viewer, scope);
      const row = await context.load(loader, found.id);
      if (row !== null && scopeOf) demand(context.viewer, scopeOf(row));
      if (row !== null) nodeTypes.set(row, found.type);
      return row;
    },
  }),
);
