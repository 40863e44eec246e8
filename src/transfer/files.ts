import type { Database, TenantDatabase } from '../database/database.ts';
import { lowestId, newId } from '../database/ids.ts';
import { oneByUuid } from '../database/loaders.ts';
import { columns, nothing, rows } from '../database/sql/columns.ts';
import { anyKey, parameter, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { integer, text, timestamptz, uuid } from '../database/sql/types.ts';
import type { Content } from '../storage/spool.ts';
import type { Storage } from '../storage/storage.ts';

/** How long a file of data is kept, in hours. */
export const keptHours = 24;

const atOnce = 100;

/** What a file of data is called, and what it is. */
export type DataFileFacts = { name: string; contentType: string };

const insert = statement(nothing)`
  insert into data_file (tenant_id, id, path, name, content_type, expires_at)
  select t.tenant_id, ${parameter('id', uuid)}, ${parameter('path', text)}, ${parameter('name', text)}, ${parameter('contentType', text)},
    now() + ${parameter('hours', integer)} * interval '1 hour' from (select ${tenant} as tenant_id) t where t.tenant_id = ${tenant}`;

const file = columns('DataFile', 'f');

/** Files of data by their ids, also those that have expired. */
export const dataFileById = oneByUuid(
  statement(file)`select ${file} from data_file f where f.tenant_id = ${tenant} and f.id = ${anyKey(uuid)}`,
  'id',
);

// The signature of its URL is the credential, and has no tenant.
const byId = globalStatement(file)`
  select ${file} from data_file f where f.id = ${parameter('id', uuid)} and f.expires_at > now()`;

/** Returns a file that has not expired, by its id, or null. */
export const findDataFile = async (database: Pick<Database, 'query'>, id: string) =>
  (await database.query(byId, { id }))[0] ?? null;

/** Stores the bytes as a file that is kept for a day, and returns its id. */
export async function storeDataFile(
  db: TenantDatabase,
  storage: Pick<Storage, 'put'>,
  { name, contentType }: DataFileFacts,
  bytes: Uint8Array,
): Promise<string> {
  const id = newId();
  const path = `data/${db.tenantId}/${id}`;
  // The row comes first, so that the sweep finds what a crash leaves.
  await db.query(insert, { id, path, name, contentType, hours: keptHours });
  await storage.put(path, bytes, contentType);
  return id;
}

/** The same of bytes that are read from a file, and are never in memory together. */
export async function storeContent(
  db: TenantDatabase,
  storage: Pick<Storage, 'putStream'>,
  { name, contentType }: DataFileFacts,
  content: Content,
): Promise<string> {
  const id = newId();
  const path = `data/${db.tenantId}/${id}`;
  await db.query(insert, { id, path, name, contentType, hours: keptHours });
  const pieces = content.read();
  try {
    await storage.putStream(path, pieces, content.size, contentType);
  } finally {
    // A storage that has failed, or is given up, leaves it half read.
    pieces.destroy();
  }
  return id;
}

const withdraw = statement(nothing)`
  update data_file f set expires_at = now() - interval '1 hour' where f.tenant_id = ${tenant} and f.id = ${parameter('id', uuid)}`;

/** Withdraws a file that nobody has been told of. The sweep deletes it. */
export const withdrawDataFile = async (db: Pick<TenantDatabase, 'query'>, id: string): Promise<void> =>
  void (await db.query(withdraw, { id }));

// In the order of the index, after the one before: what could not be deleted is passed over.
const expired = globalStatement(rows({ tenantId: uuid, id: uuid, path: text, expiresAt: timestamptz }))`
  select f.tenant_id as "tenantId", f.id, f.path, f.expires_at as "expiresAt" from data_file f
  where f.expires_at < now() and (f.expires_at, f.id) > (${parameter('expiresAt', timestamptz)}, ${parameter('id', uuid)})
  order by f.expires_at, f.id limit ${atOnce}`;
const forget = statement(nothing)`
  delete from data_file f where f.tenant_id = ${tenant} and f.id = ${parameter('id', uuid)}`;

/** Deletes a file of data that has expired: first its bytes, then its row. */
export async function deleteDataFile(
  database: Pick<Database, 'query'>,
  storage: Pick<Storage, 'delete'>,
  { tenantId, id, path }: { tenantId: string; id: string; path: string },
): Promise<void> {
  await storage.delete(path);
  await database.query(forget, { tenantId, id });
}

/**
 * Deletes the files of data that have expired. Where it fails for a file, it says so to `failed` and goes on with the
 * next. It asks `stopped` before each and ends early.
 */
export async function sweepDataFiles(
  database: Pick<Database, 'query'>,
  storage: Pick<Storage, 'delete'>,
  failed: (error: unknown, id: string) => void,
  stopped: () => boolean = () => false,
): Promise<void> {
  for (let last = { expiresAt: new Date(0), id: lowestId }; ; ) {
    const found = await database.query(expired, last);
    for (const each of found) {
      if (stopped()) return;
      await deleteDataFile(database, storage, each).catch((error: unknown) => failed(error, each.id));
      last = each;
    }
    if (found.length < atOnce) return;
  }
}
