import type { TenantDatabase } from '../database/database.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { assured, json, nullable, uuid } from '../database/sql/types.ts';
import { csvCell } from './csv.ts';
import { fieldsOf, type Kind } from './fields.ts';
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

const cellOf = (value: unknown): string | null =>
  value == null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Writes everything of a kind into a file from which it can be imported again. Returns its bytes and its rows. */
export async function exportRows(
  db: TenantDatabase,
  kind: Kind,
  format: Format,
): Promise<{ bytes: Uint8Array; total: number }> {
  const fields = fieldsOf(kind).filter((field) => kind !== 'EXTERNAL_USERS' || field !== 'displayName');
  const parts: Buffer[] = [];
  if (format === 'CSV') parts.push(Buffer.from(`${fields.join(',')}\r\n`));
  let total = 0;
  for (let last: string | null = null; ; ) {
    const found: { id: string; row: Record<string, unknown> }[] = await db.query(pages[kind], { after: last });
    const lines = found.map(({ row: given }) =>
      format === 'CSV'
        ? `${fields.map((field) => csvCell(cellOf(given[field]))).join(',')}\r\n`
        : `${JSON.stringify(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null))).replaceAll('\ufffd', '\\ufffd')}\n`,
    );
    parts.push(Buffer.from(lines.join('')));
    total += found.length;
    last = found.at(-1)?.id ?? null;
    if (found.length < (kind === 'CONVERSATIONS' ? fewer : atOnce)) return { bytes: Buffer.concat(parts), total };
  }
}
