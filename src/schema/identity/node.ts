import { keyById } from '../../auth/keys.ts';
import type { Scope } from '../../auth/scopes.ts';
import { tenantById } from '../../auth/tenants.ts';
import { demand, may } from '../../auth/viewer.ts';
import { batchById } from '../../avatars/batches.ts';
import { failureById } from '../../avatars/failures.ts';
import { memberById } from '../../conversations/memberships.ts';
import { conversationById } from '../../conversations/queries.ts';
import type { HistoryEntry } from '../../database/generated/client.ts';
import type { Loader } from '../../database/loaders.ts';
import { agentById } from '../../directory/agents/agents.ts';
import { bindingById } from '../../directory/bindings/bindings.ts';
import { channelById } from '../../directory/channels/channels.ts';
import { participantById } from '../../directory/participants/queries.ts';
import { unknownSenderById } from '../../directory/unknown-senders/queries.ts';
import { candidateById } from '../../duplicates/queries.ts';
import { identifierById } from '../../external-users/identifier-changes.ts';
import { externalUserById } from '../../external-users/queries.ts';
import { entryById } from '../../history/queries.ts';
import { type NodeName, nodeTypeById } from '../../identity/node-types.ts';
import { configById } from '../../integrations/configs.ts';
import { mergeById } from '../../merging/merges.ts';
import { erasureById } from '../../persons/erase.ts';
import { dataFileById } from '../../transfer/files.ts';
import { jobById } from '../../transfer/jobs.ts';
import { agentId } from '../../values/text.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { NodeType, nodeTypes } from '../node-interface.ts';

/** How a type of nodes is loaded, and what it is seen with. */
export type NodeLoader = {
  /** The scope that the type is seen with; null where every credential may see it. */
  scope: Scope | null;
  loader: Loader<string, object | null>;
  /** Demands what a single row is seen with, in the place of `scope`. */
  demandOf?: (row: object, context: GraphContext) => Promise<void> | void;
};

/** What is about participants is the directory's. */
const demandOfKind = (row: object, { viewer }: GraphContext): void =>
  demand(viewer, 'kind' in row && row.kind === 'PARTICIPANT' ? 'participants:read' : 'users:read');

/** An entry of the history is read by those who see what it is about. */
async function demandOfEntry(row: object, context: GraphContext): Promise<void> {
  const { aboutId } = row as Pick<HistoryEntry, 'aboutId'>;
  if (may(context.viewer, 'admin')) return;
  if (aboutId === null || (await nodeById(aboutId, context)) === null) demand(context.viewer, 'admin');
}

/** How the types that have an id of their own are loaded, and the scope that each is seen with. */
export const nodes = {
  Agent: { scope: 'participants:read', loader: agentById },
  AvatarSyncBatch: { scope: 'participants:read', loader: batchById },
  AvatarSyncFailure: { scope: 'participants:read', loader: failureById },
  Binding: { scope: 'participants:read', loader: bindingById },
  Channel: { scope: 'participants:read', loader: channelById },
  Conversation: { scope: 'conversations:read', loader: conversationById },
  ConversationParticipant: { scope: 'conversations:read', loader: memberById },
  CredentialKey: { scope: 'admin', loader: keyById },
  DataExport: { scope: 'admin', loader: jobById },
  DataFile: { scope: 'admin', loader: dataFileById },
  DataImport: { scope: 'admin', loader: jobById },
  DuplicateCandidate: { scope: 'users:read', loader: candidateById, demandOf: demandOfKind },
  Erasure: { scope: 'admin', loader: erasureById },
  ExternalUser: { scope: 'users:read', loader: externalUserById },
  ExternalUserIdentifier: { scope: 'users:read', loader: identifierById },
  HistoryEntry: { scope: 'admin', loader: entryById, demandOf: demandOfEntry },
  IntegrationConfig: { scope: 'participants:read', loader: configById },
  Merge: { scope: 'users:read', loader: mergeById, demandOf: demandOfKind },
  Participant: { scope: 'participants:read', loader: participantById },
  Tenant: { scope: null, loader: tenantById },
  UnknownSender: { scope: 'participants:read', loader: unknownSenderById },
} as const satisfies Readonly<Record<NodeName | 'Agent', NodeLoader>>;

/** What has that id; null for nothing that the viewer sees. Throws FORBIDDEN. */
async function nodeById(id: string, context: GraphContext): Promise<object | null> {
  const found = (await context.load(nodeTypeById, id)) ?? (await agentNode(id, context));
  if (found === null) return null;
  const { scope, loader, demandOf }: NodeLoader = nodes[found.type];
  if (!demandOf && scope !== null) demand(context.viewer, scope);
  const row = await context.load(loader, found.id);
  if (row === null) return null;
  await demandOf?.(row, context);
  nodeTypes.set(row, found.type);
  return row;
}

/** Agents have no UUIDs: any other id may be one's. */
const agentNode = async (id: string, { load }: GraphContext) =>
  agentId.safeParse(id).success && (await load(agentById, id)) ? { type: 'Agent' as const, id } : null;

builder.queryField('node', (t) =>
  t.field({
    type: NodeType,
    nullable: true,
    description:
      'What has that id, for clients that fetch a thing anew by its id alone; null when the tenant has nothing of that id that the viewer sees. An id that was merged away finds the survivor. The directory’s things need `participants:read`, conversations and their participants need `conversations:read`, external users need `users:read`, and keys, files of data, imports, exports and erasures need `admin`. A history entry needs `admin`, or what lets the viewer see what it is about. Without the scope it is null, with `FORBIDDEN`.',
    args: {
      id: t.arg.id({
        required: true,
        description: 'The UUID, or an agent’s id. A UUID that is another thing’s is not sought among agents.',
      }),
    },
    resolve: (_, { id }, context) => nodeById(id, context),
  }),
);
