import type { TenantDatabase } from '../database/database.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, json, nullable, uuid } from '../database/sql/types.ts';
import { csvCell } from './csv.ts';
import { fieldsOf, type Kind } from './fields.ts';
import { idsOf } from './filtered.ts';
import type { Format } from './jobs.ts';
import { storedConversation, storedParticipant, storedUser } from './stored.ts';

const row = assured(json<Record<string, unknown>>());
const after = parameter('after', nullable(uuid));
const atOnce = 1_000;
// Each may have many who take part.
const fewer = 100;

const pages = {
  EXTERNAL_USERS: statement(rows({ id: uuid, row }))`
    select u.id, ${storedUser} as row from external_user u
    where u.tenant_id = ${tenant} and (${after} is null or u.id > ${after}) order by u.id limit ${atOnce}`,
  PARTICIPANTS: statement(rows({ id: uuid, row }))`
    select p.id, ${storedParticipant} as row from participant p
    where p.tenant_id = ${tenant} and (${after} is null or p.id > ${after}) order by p.id limit ${atOnce}`,
  CONVERSATIONS: statement(rows({ id: uuid, row }))`
    select c.id, ${storedConversation} as row from conversation c
    where c.tenant_id = ${tenant} and (${after} is null or c.id > ${after}) order by c.id limit ${fewer}`,
};

const ids = parameter('ids', array(uuid));
const named = {
  EXTERNAL_USERS: statement(rows({ id: uuid, row }))`
    select u.id, ${storedUser} as row from external_user u where u.tenant_id = ${tenant} and u.id = any(${ids})`,
  PARTICIPANTS: statement(rows({ id: uuid, row }))`
    select p.id, ${storedParticipant} as row from participant p where p.tenant_id = ${tenant} and p.id = any(${ids})`,
  CONVERSATIONS: statement(rows({ id: uuid, row }))`
    select c.id, ${storedConversation} as row from conversation c where c.tenant_id = ${tenant} and c.id = any(${ids})`,
};

type Found = { id: string; row: Record<string, unknown> };

/** Everything of a kind in the order of the ids, or what a filter means in the order of its list. */
async function* found(db: TenantDatabase, kind: Kind, filter: object | null): AsyncGenerator<Found[]> {
  if (filter) {
    for await (const wanted of idsOf(db, kind, filter)) {
      const read: Found[] = await db.query(named[kind], { ids: wanted });
      const byId = new Map(read.map((each) => [each.id, each]));
      yield wanted.flatMap((id) => byId.get(id) ?? []);
    }
    return;
  }
  for (let last: string | null = null; ; ) {
    const page: Found[] = await db.query(pages[kind], { after: last });
    yield page;
    last = page.at(-1)?.id ?? null;
    if (page.length < (kind === 'CONVERSATIONS' ? fewer : atOnce)) return;
  }
}

// An import refuses that character, by which other files show that their encoding is not what it seems.
const jsonOf = (given: Record<string, unknown>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))).replaceAll(
    '\ufffd',
    '\\ufffd',
  );

const cellOf = (value: unknown): string | null =>
  value == null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** An export as it is kept. */
export type ExportedJob = { kind: Kind; format: Format; filter: object | null };

/** What an export means as a file from which it can be imported again, piece by piece. `counted` is told the rows. */
export async function* exportPieces(
  db: TenantDatabase,
  { kind, format, filter }: ExportedJob,
  counted: (rows: number) => void,
): AsyncGenerator<string> {
  const fields = fieldsOf(kind).filter((field) => kind !== 'EXTERNAL_USERS' || field !== 'displayName');
  if (format === 'CSV') yield `${fields.join(',')}\r\n`;
  const lineOf = (given: Record<string, unknown>) =>
    format === 'CSV'
      ? `${fields.map((field) => csvCell(cellOf(given[field]), field)).join(',')}\r\n`
      : `${jsonOf(given)}\n`;
  for await (const page of found(db, kind, filter)) {
    yield page.map(({ row: given }) => lineOf(given)).join('');
    counted(page.length);
  }
}
