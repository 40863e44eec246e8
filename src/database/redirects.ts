import type { TenantDatabase } from './database.ts';
import type { MergedKind } from './generated/client.ts';
import { type Loader, oneByUuid } from './loaders.ts';
import { rows } from './sql/columns.ts';
import { anyKey, type Fragment, literal, parameter, sql, tenant } from './sql/fragment.ts';
import { statement } from './sql/statement.ts';
import { uuid } from './sql/types.ts';

const ofKind = (kind: MergedKind) => sql`r.kind = ${literal(kind)}`;

/** The id itself, or that of the survivor where it was merged away. */
export const survivorOf = <Id, Tenant>(
  kind: MergedKind,
  id: Fragment<Id>,
  ofTenant: Fragment<Tenant>,
): Fragment<Id & Tenant> => ({
  nodes:
    sql`coalesce((select r.into_id from merged_id r where r.tenant_id = ${ofTenant as Fragment} and ${ofKind(kind)} and r.id = ${id as Fragment}::uuid), ${id as Fragment}::uuid)`
      .nodes,
});

const redirect = (kind: MergedKind) =>
  statement(rows({ intoId: uuid }))`
    select r.into_id as "intoId" from merged_id r where r.tenant_id = ${tenant} and ${ofKind(kind)} and r.id = ${parameter('id', uuid)}`;
const redirects: Readonly<Record<MergedKind, ReturnType<typeof redirect>>> = {
  EXTERNAL_USER: redirect('EXTERNAL_USER'),
  PARTICIPANT: redirect('PARTICIPANT'),
};

type Queries = Pick<TenantDatabase, 'query'>;

/** Returns the id of the survivor that a merged id leads to. Null for an id that was not merged away. */
export async function survivorIdOf({ query }: Queries, kind: MergedKind, id: string): Promise<string | null> {
  const [found] = await query(redirects[kind], { id });
  return found?.intoId ?? null;
}

const anyRedirect = statement(rows({ intoId: uuid }))`
  select r.into_id as "intoId" from merged_id r
  where r.tenant_id = ${tenant} and r.kind in ('EXTERNAL_USER', 'PARTICIPANT') and r.id = ${parameter('id', uuid)}`;

/** The same for an id that may be of either kind. */
export const survivorIdsOf = async ({ query }: Queries, id: string): Promise<string[]> =>
  (await query(anyRedirect, { id })).map(({ intoId }) => intoId);

// How many merges may be committed while one caller looks for somebody.
const maxFollowed = 4;

/**
 * Finds somebody by an id, and where nobody has it, by the id of the survivor: one statement more for an id that nobody
 * has. A statement that waited for a merge finds nobody, too, and then the survivor.
 */
export async function followed<Found>(
  db: Queries,
  kind: MergedKind,
  id: string,
  find: (id: string) => Promise<Found | undefined>,
): Promise<Found | undefined> {
  let found = await find(id);
  for (let merges = 0; found === undefined && merges < maxFollowed; merges += 1) {
    const survivor = await survivorIdOf(db, kind, id);
    if (survivor === null) return undefined;
    found = await find(survivor);
  }
  return found;
}

const survivors = (kind: MergedKind) =>
  oneByUuid(
    statement(rows({ id: uuid, intoId: uuid }))`
      select r.id, r.into_id as "intoId" from merged_id r where r.tenant_id = ${tenant} and ${ofKind(kind)} and r.id = ${anyKey(uuid)}`,
    'id',
  );
/** The ids that merged ids lead to, by kind. Null for an id that was not merged away. */
export const survivorsOf: Readonly<Record<MergedKind, ReturnType<typeof survivors>>> = {
  EXTERNAL_USER: survivors('EXTERNAL_USER'),
  PARTICIPANT: survivors('PARTICIPANT'),
};

/**
 * Loads by ids, of which those that were merged away lead to the survivors: one statement more where somebody is not
 * found, and one for the survivors.
 */
export function following<Row>(kind: MergedKind, loader: Loader<string, Row | null>): Loader<string, Row | null> {
  return {
    ...loader,
    async load(database, ids) {
      const found = await loader.load(database, ids);
      const missing = ids.filter((_, index) => !found[index]);
      if (missing.length === 0) return found;
      const leads = await survivorsOf[kind].load(database, missing);
      const led = leads.flatMap((lead, index) => (lead ? [[missing[index] as string, lead.intoId] as const] : []));
      if (led.length === 0) return found;
      const rows = await loader.load(
        database,
        led.map(([, intoId]) => intoId),
      );
      const survivor = new Map(led.map(([id], index) => [id, rows[index] ?? null]));
      return ids.map((id, index) => found[index] ?? survivor.get(id) ?? null);
    },
  };
}
