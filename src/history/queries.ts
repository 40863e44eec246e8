import type { Actor } from '../database/actor.ts';
import type { TenantDatabase } from '../database/database.ts';
import { type Edge, pagesBy, totalsBy } from '../database/edges.ts';
import type { HistoryEntry } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { keyset, pagesOf } from '../database/keyset.ts';
import { oneByUuid } from '../database/loaders.ts';
import type { PageArguments } from '../database/pages.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { anyKey, none, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, integer, text, uuid } from '../database/sql/types.ts';

/** The filter of a page of the tenant's history. All given conditions must hold. */
export type HistoryFilter = {
  subjectId?: string | null | undefined;
  actorId?: string | null | undefined;
  actorKinds?: readonly Actor['kind'][] | null | undefined;
  operation?: string | null | undefined;
  /** Not before this timestamp, and before that one. */
  after?: Date | null | undefined;
  before?: Date | null | undefined;
};

const entry = columns('HistoryEntry', 'h');
const byId = keyset([{ column: 'h.id', type: 'uuid' }], true);

/** The entries about single things, by their ids, the newest first. */
export const historyOf: Edge<HistoryEntry> = {
  pages: pagesBy(
    {
      type: uuid,
      descending: true,
      ordered: 'h.id',
      row: entry,
      from: sql`history_entry h where h.tenant_id = ${tenant} and h.about_id = k.id`,
    },
    (found: (HistoryEntry & { parentId: string })[]) => found,
  ),
  totals: totalsBy(
    uuid,
    rows({ id: assured(uuid), count: integer }),
    sql`history_entry h where h.tenant_id = ${tenant} and h.about_id = k.id`,
  ),
};

/** By which column a subject's entries are found, of which only `about_id` has an index. */
type Subject = 'about' | 'subject' | null;
type Shape = {
  subject: Subject;
  actorId: boolean;
  actorKinds: boolean;
  operation: boolean;
  after: boolean;
  before: boolean;
};

const pages = pagesOf({
  keyset: byId,
  keysOf: ({ id }: HistoryEntry) => [id],
  select: () => entry,
  whole: (parts: object) => parts,
  from: ({ subject, actorId, actorKinds, operation, after, before }: Shape, within) =>
    sql`history_entry h where h.tenant_id = ${tenant}${
      subject === 'about' ? sql` and h.about_id = ${parameter('aboutId', uuid)}` : none
    }${subject === 'subject' ? sql` and h.subject_id = ${parameter('subjectId', text)}` : none}${
      actorId ? sql` and h.actor_id = ${parameter('actorId', text)}` : none
    }${actorKinds ? sql` and h.actor_kind = any(${parameter('actorKinds', array(text))})` : none}${
      operation ? sql` and h.operation = ${parameter('operation', text)}` : none
    }${
      after ? sql` and h.id >= ${parameter('fromId', uuid)}` : none
    }${before ? sql` and h.id < ${parameter('untilId', uuid)}` : none}${within}`,
  isSlow: ({ subject, actorId, actorKinds, operation }) => subject === 'subject' || actorId || actorKinds || operation,
  read: (found: HistoryEntry[]) => found,
});

/** Entries by their ids. */
export const entryById = oneByUuid(
  statement(entry)`select ${entry} from history_entry h where h.tenant_id = ${tenant} and h.id = ${anyKey(uuid)}`,
  'id',
);

const isAbout = statement(rows({ id: uuid }))`
  select h.id from history_entry h where h.tenant_id = ${tenant} and h.about_id = ${parameter('id', uuid)} limit 1`;

/** The least id of a timestamp: ids are version 7 UUIDs, which begin with it. */
function leastId(timestamp: Date): string {
  const hex = Math.max(0, timestamp.getTime()).toString(16).padStart(12, '0').slice(-12);
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}

const everything = { own: null };
const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * Returns a page of the tenant's history, the newest first. A subject's entries are its own and those of what belongs
 * to it. Throws VALIDATION_FAILED for invalid page arguments.
 */
export async function pageOfHistory(db: TenantDatabase, filter: HistoryFilter, args: PageArguments) {
  const { subjectId = null, actorId = null, actorKinds = null, operation = null, after = null, before = null } = filter;
  const id = subjectId === null ? null : asUuid(subjectId);
  const isKnown = id !== null && (await db.query(isAbout, { id })).length > 0;
  const subject: Subject = subjectId === null ? null : isKnown ? 'about' : 'subject';
  const shape: Shape = {
    subject,
    actorId: actorId !== null,
    actorKinds: actorKinds !== null,
    operation: operation !== null,
    after: after !== null,
    before: before !== null,
  };
  const values = {
    aboutId: id ?? nobody,
    subjectId: id ?? subjectId ?? '',
    actorId: actorId ?? '',
    actorKinds: [...new Set(actorKinds)],
    operation: operation ?? '',
    fromId: leastId(after ?? new Date(0)),
    untilId: leastId(before ?? new Date(0)),
  };
  return pages(db, shape, values, args, everything);
}

/** A field that has changed, by the graph's name. Null before is not there yet, null after not any more. */
export type FieldChange = { field: string; before: unknown; after: unknown };

/** The names of columns in the graph, where they are not the same. */
const renamed: Readonly<Record<string, string>> = {
  token_ciphertext: 'token',
  signing_secret_ciphertext: 'signingSecret',
  verifier_ciphertext: 'verifier',
  is_primary: 'primary',
  is_blocked: 'blocked',
};
const fieldOf = (column: string) =>
  renamed[column] ?? column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** A timestamp as the graph spells it. PostgreSQL's JSON has another offset and fewer digits. */
const spelled = (column: string, value: unknown) =>
  column.endsWith('_at') && typeof value === 'string' ? new Date(value).toISOString() : (value ?? null);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Returns what an entry says has changed, in the order of the fields' names. */
export function changesOf({ before, after }: Pick<HistoryEntry, 'before' | 'after'>): FieldChange[] {
  const was = isObject(before) ? before : {};
  const is = isObject(after) ? after : {};
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .map((column) => ({
      field: fieldOf(column),
      before: spelled(column, was[column]),
      after: spelled(column, is[column]),
    }))
    .sort((one, other) => (one.field < other.field ? -1 : 1));
}
