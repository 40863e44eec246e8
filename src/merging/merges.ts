import { type Edge, pagesBy, totalsBy } from '../database/edges.ts';
import { type Loader, oneByUuid } from '../database/loaders.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { anyKey, type Fragment, literal, name, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import {
  array,
  assured,
  enumeration,
  integer,
  nullable,
  type SqlType,
  text,
  timestamptz,
  uuid,
} from '../database/sql/types.ts';
import type { Merge, MergeRecord } from './record.ts';

/** A column of `jsonb`. */
export const jsonb = <Value>(): SqlType<Value> => ({ name: 'jsonb', isNullable: false });

/** A stored merge. */
export type MergeRow = {
  id: string;
  intoId: string;
  mergedAt: Date;
  actorKind: string;
  actorId: string;
  record: MergeRecord;
  undoneAt: Date | null;
};
const mergeRow = rows({
  id: uuid,
  intoId: uuid,
  mergedAt: timestamptz,
  actorKind: text,
  actorId: text,
  record: jsonb<MergeRecord>(),
  undoneAt: nullable(timestamptz),
});
const mergeList: Fragment = sql`m.id, m.into_id as "intoId", m.merged_at as "mergedAt", m.actor_kind as "actorKind", m.actor_id as "actorId", m.record, m.undone_at as "undoneAt"`;

const id = parameter('id', uuid);
const ids = parameter('ids', array(uuid));
const intoId = parameter('intoId', uuid);
const kind = parameter('kind', enumeration<Merge['kind']>('MergedKind'));

// Not by the time: transactions of one survivor may begin in another order than they run.
const placeOf = (alias: string) => sql`coalesce((${name(alias)}.record ->> 'place')::integer, 0)`;

export const insertMerge = statement(mergeRow)`
  insert into merge as m (tenant_id, id, into_id, actor_kind, actor_id, record)
  select t.tenant_id, ${id}, ${intoId}, ${parameter('actorKind', text)}, ${parameter('actorId', text)}, ${parameter('record', text)}::jsonb
    || jsonb_build_object('place', 1 + coalesce((
      select max(${placeOf('o')}) from merge o where o.tenant_id = t.tenant_id and o.into_id = ${intoId}), 0))
  from (select ${tenant} as tenant_id) t where t.tenant_id = ${tenant}
  returning ${mergeList}`;
export const mergeRowById = statement(mergeRow)`
  select ${mergeList} from merge m where m.tenant_id = ${tenant} and m.id = ${id}`;
/** Locks a merge and all merges of its survivor that hold, in the order in which they were made. */
export const lockMerges = statement(mergeRow)`
  select ${mergeList} from merge m
  where m.tenant_id = ${tenant} and m.into_id = ${intoId} and (m.undone_at is null or m.id = ${id})
  order by ${placeOf('m')}, m.merged_at, m.id for update`;
export const setRecord = statement(nothing)`
  update merge m set record = ${parameter('record', text)}::jsonb where m.tenant_id = ${tenant} and m.id = ${id}`;
/** The merge by which somebody was merged away. */
export const mergeThatTook = statement(rows({ mergeId: uuid }))`
  select r.merge_id as "mergeId" from merged_id r where r.tenant_id = ${tenant} and r.kind = ${kind} and r.id = ${id}`;
export const markUndone = statement(mergeRow)`
  update merge m set undone_at = clock_timestamp() where m.tenant_id = ${tenant} and m.id = ${id} returning ${mergeList}`;

export const leadingTo = statement(rows({ id: uuid }))`
  select r.id from merged_id r where r.tenant_id = ${tenant} and r.kind = ${kind} and r.into_id = ${id} order by r.id`;
/** Makes ids lead to somebody, and what led to them lead there too. */
export const redirectAll = statement(nothing)`
  with before as (
    update merged_id r set into_id = ${intoId} where r.tenant_id = ${tenant} and r.kind = ${kind} and r.into_id = any(${ids})
  ) insert into merged_id (tenant_id, kind, id, into_id, merge_id, avatar_file_id)
  select ${tenant}, ${kind}, g.id, ${intoId}, ${parameter('mergeId', uuid)}, g.avatar_file_id
  from unnest(${ids}, ${parameter('avatarFileIds', array(nullable(uuid)))}) g (id, avatar_file_id)`;
export const deleteRedirects = statement(nothing)`
  delete from merged_id r where r.tenant_id = ${tenant} and r.merge_id = ${id} and r.id = any(${ids})`;
export const leadAgain = statement(nothing)`
  update merged_id r set into_id = ${id}
  where r.tenant_id = ${tenant} and r.kind = ${kind} and r.id = any(${ids}) and r.into_id = ${intoId}`;

/** Returns a stored merge as it is shown. */
export const shownMerge = ({ id, mergedAt, actorKind, actorId, undoneAt, record, intoId }: MergeRow): Merge => ({
  id,
  mergedAt,
  actorKind,
  actorId,
  undoneAt,
  kind: record.kind ?? 'EXTERNAL_USER',
  into: { id: intoId, displayName: record.displayName },
  from: record.from.map(({ row: { id }, displayName }) => ({ id: String(id), displayName })),
  conflicts: record.conflicts,
});

const rowById = oneByUuid(
  statement(mergeRow)`select ${mergeList} from merge m where m.tenant_id = ${tenant} and m.id = ${anyKey(uuid)}`,
  'id',
);

/** Merges by their ids. */
export const mergeById: Loader<string, Merge | null> = {
  load: async (database, ids) => (await rowById.load(database, ids)).map((row) => row && shownMerge(row)),
};

// Those into somebody, and those into others who were merged into them since: each by its own index.
const mergesInto = (kind: Merge['kind']): Fragment<{ readonly tenantId: string }> => sql`(
    select o.id from merge o where o.tenant_id = ${tenant} and o.into_id = k.id
    union select r.merge_id from merged_id r where r.tenant_id = ${tenant} and r.into_id = k.id and r.kind = ${literal(kind)}
  ) of_theirs join merge m on m.tenant_id = ${tenant} and m.id = of_theirs.id
  where m.tenant_id = ${tenant} and coalesce(m.record ->> 'kind', 'EXTERNAL_USER') = ${literal(kind)}`;

const mergesOf = (kind: Merge['kind']): Edge<Merge> => ({
  pages: pagesBy(
    { type: uuid, descending: true, ordered: 'm.id', row: { ...mergeList, ...mergeRow }, from: mergesInto(kind) },
    (found: (MergeRow & { parentId: string })[]) =>
      found.map((row) => ({ ...shownMerge(row), parentId: row.parentId })),
  ),
  totals: totalsBy(uuid, rows({ id: assured(uuid), count: integer }), mergesInto(kind)),
});

/** The merges by which others are now these users or participants, the newest first, undone ones into them too. */
export const mergesByKind: Readonly<Record<Merge['kind'], Edge<Merge>>> = {
  EXTERNAL_USER: mergesOf('EXTERNAL_USER'),
  PARTICIPANT: mergesOf('PARTICIPANT'),
};
