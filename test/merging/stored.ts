import type { TestApp, TestTenant } from '../app.ts';
import { prepared } from '../prepared.ts';

const tables = {
  avatar_auto_sync: 'participant_id',
  avatar_sync_job: 'id',
  binding: 'id',
  channel: 'id',
  conversation_member: 'id',
  external_user: 'id',
  external_user_identifier: 'id',
  external_user_search: 'id',
  merged_id: 'id',
  participant: 'id',
  participant_search: 'id',
  webhook_key: 'id',
};

/** Everything of the tenant that a merge may change, but for the times of changes. */
export async function stored({ app }: TestApp, { id }: TestTenant): Promise<Record<string, string[]>> {
  const rows: Record<string, string[]> = {};
  for (const [table, key] of Object.entries(tables)) {
    const text = `select (to_jsonb(x) - 'modified_at')::text as row from ${table} x where tenant_id = $1::uuid order by ${key}`;
    const found = (await app.database.connection.query(prepared(text), [id])) as { row: string }[];
    rows[table] = found.map(({ row }) => row);
  }
  return rows;
}
