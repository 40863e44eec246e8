import { demand } from '../../auth/viewer.ts';
import type { Actor } from '../../database/actor.ts';
import { connectionTo } from '../../database/edges.ts';
import type { Conversation, ExternalUser, HistoryEntry, IntegrationConfig } from '../../database/generated/client.ts';
import type { PageArguments } from '../../database/pages.ts';
import type { ListedParticipant } from '../../directory/participants/queries.ts';
import { changesOf, type FieldChange, historyOf, pageOfHistory } from '../../history/queries.ts';
import { KeyType } from '../auth/auth.ts';
import { nameOfKey } from '../auth/name-of-key.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { ConversationType } from '../conversations/conversations.ts';
import { ParticipantType } from '../directory/participants.ts';
import { ExternalUserType } from '../external-users/external-users.ts';
import { type NodeLoader, nodes } from '../identity/node.ts';
import { IntegrationConfigType } from '../integrations/integrations.ts';
import { NodeType, nodeTypes } from '../node-interface.ts';
import { fromSelection, reading } from '../selection.ts';
import { HistorySubjectType, subjectLoaders } from './subject.ts';

const ActorKindType = builder.enumType('ActorKind', {
  description: 'What kind of actor made a change.',
  values: {
    USER: { description: 'Somebody who signed in with a bearer token.' },
    ACCESS_KEY: { description: 'A program with an access key.' },
    AGENT_KEY: { description: 'A program with an agent’s secret key.' },
    SYSTEM: { description: 'The service itself: a background job, a webhook delivery, a migration.' },
  },
});

type ShownActor = { kind: Actor['kind']; id: string | null; name: string | null };

const ActorType = builder.objectRef<ShownActor>('HistoryActor').implement({
  description: 'Who made a change.',
  fields: (t) => ({
    kind: t.field({ type: ActorKindType, description: 'What kind of actor it is.', resolve: ({ kind }) => kind }),
    id: t.string({
      nullable: true,
      description: 'A token’s subject, a key’s UUID, or a job’s. Null where a SYSTEM change has none.',
      resolve: ({ id }) => id,
    }),
    name: t.string({
      nullable: true,
      description:
        'What an access key is called, the agent of an agent’s key, or the cause of a SYSTEM change. Null for a USER, where nothing says so, and, of a key, without `admin`.',
      resolve: async ({ kind, id, name }, _, context) => name ?? (await nameOfKey(context, kind, id)),
    }),
  }),
});

const ActionType = builder.enumType('HistoryAction', {
  description: 'What happened to the subject of a history entry.',
  values: {
    CREATED: { description: 'It was added.' },
    UPDATED: { description: 'It was changed.' },
    DELETED: { description: 'It was deleted, by itself or with something that it belonged to.' },
  },
});

const ChangeType = builder.objectRef<FieldChange>('HistoryChange').implement({
  description: 'A field that was changed. A secret is never shown: its value is `(hidden)`.',
  fields: (t) => ({
    field: t.exposeString('field', { description: 'The name of the field in the graph.' }),
    before: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Its value before; null when it had none, and when the subject was created.',
      resolve: ({ before }) => before,
    }),
    after: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Its value afterwards; null when it has none, and when the subject was deleted.',
      resolve: ({ after }) => after,
    }),
  }),
});

const isOnlyNamed = fromSelection((selection) => [...selection.names].every((name) => /^(id|__typename)$/.test(name)));

/** The subject as the graph has it now. Where nothing but its name is asked for, nothing is read. */
async function subjectOf({ subjectType, subjectId }: HistoryEntry, isOnlyName: boolean, context: GraphContext) {
  const known: NodeLoader = subjectLoaders.get(subjectType) ?? nodes[subjectType as keyof typeof nodes];
  const { scope, loader, demandOf } = known;
  if (!demandOf && scope !== null) demand(context.viewer, scope);
  const found = isOnlyName ? { id: subjectId } : await context.load(loader, subjectId);
  if (found !== null && !isOnlyName) await demandOf?.(found, context);
  if (found !== null) nodeTypes.set(found, subjectType);
  return found;
}

const EntryType = builder.objectRef<HistoryEntry>('HistoryEntry').implement({
  interfaces: [NodeType],
  description:
    'One change of one thing, recorded in the transaction that made it. Entries are deleted after `HISTORY_RETENTION_DAYS`, and when a person’s data is erased.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The entry’s UUID. Later entries have greater ones.' }),
    occurredAt: t.expose('occurredAt', { type: 'DateTime', description: 'When the change was made.' }),
    action: t.field({
      type: ActionType,
      description: 'Whether the subject was created, changed or deleted.',
      resolve: ({ before, after }) => (before === null ? 'CREATED' : after === null ? 'DELETED' : 'UPDATED'),
    }),
    operation: t.exposeString('operation', {
      nullable: true,
      description:
        'The mutation, or the operation of a REST interface, like `directory.createParticipant`. Null for a change that no request asked for.',
    }),
    actor: t.field({
      type: ActorType,
      description: 'Who made the change.',
      resolve: ({ actorKind, actorId, actorName }) => ({
        kind: actorKind as Actor['kind'],
        id: actorId,
        name: actorName,
      }),
    }),
    requestId: t.exposeID('requestId', {
      nullable: true,
      description:
        'The id of the request, which its answer has as `X-Request-Id`, errors as `instance`, and the logs. Null for a change that no request asked for.',
    }),
    subjectType: t.exposeString('subjectType', { description: 'The name of the type of what was changed.' }),
    subjectId: t.exposeID('subjectId', { description: 'The id of what was changed, also when it exists no more.' }),
    subject: t.field({
      type: HistorySubjectType,
      nullable: true,
      description:
        'What was changed, as it is now. When it exists no more it has an id and a type only: where more is selected, it is null. The directory’s things need `participants:read`, conversations and their participants need `conversations:read`, external users need `users:read`, and keys, files of data, imports, exports and erasures need `admin`.',
      resolve: (entry, _, context, info) => subjectOf(entry, isOnlyNamed(info), context),
    }),
    changes: t.field({
      type: [ChangeType],
      description:
        'The fields that have changed, in the order of their names; all that have a value when it was created or deleted.',
      resolve: changesOf,
    }),
  }),
});

const HistoryConnection = builder.connectionObject(
  { type: EntryType, name: 'HistoryConnection', description: 'A page of history entries, the newest first.' },
  { description: 'A history entry in a page.' },
);

const historyField = ({ id }: { id: string }, args: PageArguments, context: GraphContext) =>
  connectionTo(context, historyOf, id, args);

builder.objectField(ParticipantType, 'history', (t) =>
  t.field({
    type: HistoryConnection,
    description: 'What changed the participant, its channels and its bindings, the newest first.',
    args: t.arg.connectionArgs(),
    ...reading<ListedParticipant>()(['id'], historyField),
  }),
);
builder.objectField(ExternalUserType, 'history', (t) =>
  t.field({
    type: HistoryConnection,
    description: 'What changed the external user and its identifiers, the newest first.',
    args: t.arg.connectionArgs(),
    ...reading<ExternalUser>()(['id'], historyField),
  }),
);
builder.objectField(ConversationType, 'history', (t) =>
  t.field({
    type: HistoryConnection,
    description: 'What changed the conversation, and who takes part in it, the newest first.',
    args: t.arg.connectionArgs(),
    ...reading<Pick<Conversation, 'id'>>()(['id'], historyField),
  }),
);
builder.objectField(IntegrationConfigType, 'history', (t) =>
  t.field({
    type: HistoryConnection,
    description: 'What changed the integration config, the newest first. Its token is never shown.',
    args: t.arg.connectionArgs(),
    ...reading<Pick<IntegrationConfig, 'id'>>()(['id'], historyField),
  }),
);
builder.objectField(KeyType, 'history', (t) =>
  t.field({
    type: HistoryConnection,
    description: 'What changed the key, the newest first. Its secret is never shown.',
    args: t.arg.connectionArgs(),
    resolve: historyField,
  }),
);

const FilterType = builder.inputType('HistoryFilter', {
  description: 'Narrows the history. Every field that is given must hold; null is as good as absent.',
  fields: (t) => ({
    subjectId: t.id({
      description:
        'Only changes of the thing with this id, and of what belongs to it: a participant’s channels and bindings, who takes part in a conversation.',
    }),
    actorId: t.id({ description: 'Only changes by this actor: a token’s subject, or a key’s UUID.' }),
    actorKinds: t.field({
      type: [ActorKindType],
      description:
        'Only changes by actors of one of these kinds; none for an empty list. Without `SYSTEM`, what the service did by itself is left out. Like `actorId` and `operation` it has no index: where few changes fit, a page reads many that do not, so give `after` as well.',
    }),
    operation: t.string({ description: 'Only changes by this operation, like `updateParticipant`.' }),
    after: t.field({ type: 'DateTime', description: 'Only changes at this timestamp or later.' }),
    before: t.field({ type: 'DateTime', description: 'Only changes before this timestamp.' }),
  }),
});

builder.queryField('historyConnection', (t) =>
  t.field({
    type: HistoryConnection,
    description: 'All changes in the tenant, page by page, the newest first. Needs `admin`.',
    authScopes: { scope: 'admin' },
    args: {
      filter: t.arg({ type: FilterType, description: 'Which changes; null for all.' }),
      ...t.arg.connectionArgs(),
    },
    resolve: (_, { filter, ...args }, { db }) => pageOfHistory(db, filter ?? {}, args),
  }),
);
