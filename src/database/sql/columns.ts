import type {
  Agent,
  AvatarAutoSync,
  AvatarSyncBatch,
  AvatarSyncBatchItem,
  AvatarSyncJob,
  AvatarSyncPause,
  Binding,
  BlockedDigest,
  Channel,
  Conversation,
  ConversationMember,
  ConversationSearch,
  CredentialKey,
  DataFile,
  DataJob,
  DuplicateCandidate,
  DuplicateKey,
  DuplicateMember,
  DuplicateProgress,
  Erasure,
  ExternalUser,
  ExternalUserIdentifier,
  ExternalUserSearch,
  File,
  HistoryEntry,
  IdempotencyKey,
  IntegrationConfig,
  Merge,
  MergedId,
  OAuthState,
  Participant,
  ParticipantSearch,
  Tenant,
  UnknownSender,
  WebhookDelivery,
  WebhookKey,
} from '../generated/client.ts';
import { getDatamodel } from '../generated/pothos.ts';
import { type Fragment, join, name } from './fragment.ts';
import type { SqlType, ValueOf } from './types.ts';

type Models = {
  Agent: Agent;
  AvatarAutoSync: AvatarAutoSync;
  AvatarSyncBatch: AvatarSyncBatch;
  AvatarSyncBatchItem: AvatarSyncBatchItem;
  AvatarSyncJob: AvatarSyncJob;
  AvatarSyncPause: AvatarSyncPause;
  Binding: Binding;
  BlockedDigest: BlockedDigest;
  Channel: Channel;
  Conversation: Conversation;
  ConversationMember: ConversationMember;
  ConversationSearch: ConversationSearch;
  CredentialKey: CredentialKey;
  DataFile: DataFile;
  DataJob: DataJob;
  DuplicateCandidate: DuplicateCandidate;
  DuplicateKey: DuplicateKey;
  DuplicateMember: DuplicateMember;
  DuplicateProgress: DuplicateProgress;
  Erasure: Erasure;
  ExternalUser: ExternalUser;
  ExternalUserIdentifier: ExternalUserIdentifier;
  ExternalUserSearch: ExternalUserSearch;
  File: File;
  HistoryEntry: HistoryEntry;
  IdempotencyKey: IdempotencyKey;
  IntegrationConfig: IntegrationConfig;
  Merge: Merge;
  MergedId: MergedId;
  OAuthState: OAuthState;
  Participant: Participant;
  ParticipantSearch: ParticipantSearch;
  Tenant: Tenant;
  UnknownSender: UnknownSender;
  WebhookDelivery: WebhookDelivery;
  WebhookKey: WebhookKey;
};

/** The columns of a statement's rows by name, and so the type of a row. */
export type Rows<Row> = {
  readonly columns: Readonly<Record<string, SqlType<unknown>>>;
  /** Never set. It carries the type of a row. */
  readonly row?: Row;
};

type Declared = Readonly<Record<string, SqlType<unknown>>>;
type RowOf<Columns extends Declared> = { -readonly [Name in keyof Columns]: ValueOf<Columns[Name]> };

/** Rows of these columns, besides those of `more`. */
export function rows<Columns extends Declared>(columns: Columns): Rows<RowOf<Columns>>;
export function rows<Columns extends Declared, More>(columns: Columns, more: Rows<More>): Rows<More & RowOf<Columns>>;
export function rows(columns: Declared, more?: Rows<unknown>): Rows<unknown> {
  return { columns: { ...more?.columns, ...columns } };
}

/** Rows of the columns of both. */
export const combined = <One, Other>(one: Rows<One>, other: Rows<Other>): Rows<One & Other> => ({
  columns: { ...one.columns, ...other.columns },
});

/** No rows, for a statement that only writes. */
export const nothing: Rows<never> = { columns: {} };

const scalars: Readonly<Record<string, string | null>> = {
  // The datamodel does not say which texts are UUIDs. Both are strings here.
  String: null,
  Int: 'integer',
  Boolean: 'boolean',
  DateTime: 'timestamp with time zone',
  Json: 'jsonb',
};

const models = Object.fromEntries(
  Object.entries(getDatamodel().datamodel.models).map(([model, { fields }]) => [
    model,
    Object.fromEntries(
      fields
        .filter(({ kind }) => kind !== 'object')
        .map(({ name, type, kind, isRequired, isList }) => {
          const known = kind === 'enum' ? `"${type}"` : (scalars[type] ?? null);
          // Prisma lets a list column be null, and writes none.
          const spelled = isList ? { name: 'text[]', isAssured: true as const } : { name: known };
          return [name, { ...spelled, isNullable: !isRequired }] as const;
        }),
    ),
  ]),
) as Readonly<Record<keyof Models, Declared>>;

const columnOf = (field: string) => field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** The wanted fields of a model by name. Null for all. */
export type Fields = ReadonlySet<string> | null;

/** All fields of a model except these. */
export const fieldsBut = (model: keyof Models, ...without: string[]): Fields =>
  new Set(Object.keys(models[model]).filter((field) => !without.includes(field)));

/** A select list, and the rows it gives. */
export type Selected<Row> = Fragment & Rows<Row>;

/**
 * The select list of a Prisma model's fields, under their names there, from a table under that alias: of all fields, of
 * the named ones, or of a set that a query's selection gives. Only for a set does the type of a row promise more than
 * is read.
 */
export function columns<const Model extends keyof Models, const Field extends keyof Models[Model] & string>(
  model: Model,
  alias: string,
  fields: readonly Field[],
): Selected<Pick<Models[Model], Field>>;
export function columns<const Model extends keyof Models>(
  model: Model,
  alias: string,
  fields?: Fields,
): Selected<Models[Model]>;
export function columns(
  model: keyof Models,
  alias: string,
  fields: Fields | readonly string[] = null,
): Selected<unknown> {
  const wanted: Fields = fields && new Set(fields);
  const chosen = Object.entries(models[model]).filter(([field]) => wanted?.has(field) ?? true);
  const list = chosen.map(([field]): Fragment => {
    const { nodes } = name(`${alias}.${columnOf(field)}`);
    return columnOf(field) === field ? { nodes } : { nodes: [...nodes, ` as "${field}"`] };
  });
  return { ...join(list, ', '), columns: Object.fromEntries(chosen) };
}
