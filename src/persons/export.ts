import { avatarKey } from '../avatars/keys.ts';
import type { TenantDatabase } from '../database/database.ts';
import { mergesOf } from '../database/merges-of.ts';
import { rows } from '../database/sql/columns.ts';
import { name, parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, json, text, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { IdentityInput } from '../identity/who-is.ts';
import type { Storage } from '../storage/storage.ts';
import { storeDataFile, withdrawDataFile } from '../transfer/files.ts';
import { awaitErasures, countErasures } from './erase-statements.ts';
import { everythingOf, findPerson } from './found.ts';
import { entryIds, membershipIds, senderIds } from './theirs.ts';

const ids = parameter('ids', array(uuid));

// Whole rows, with all their columns: what is held is what is told.
const row = assured(json<Record<string, unknown>>());
const rowsOf = (table: string, column: string) =>
  statement(rows({ row }))`
    select to_json(x) as row from ${name(table)} x where x.tenant_id = ${tenant} and x.${name(column)} = any(${ids}) order by x.${name(column)}`;

const users = rowsOf('external_user', 'id');
const identifiers = rowsOf('external_user_identifier', 'external_user_id');
const merges = statement(rows({ row }))`
  select to_json(x) as row from merge x where x.tenant_id = ${tenant} and x.id in (${mergesOf}) order by x.id`;
const participants = rowsOf('participant', 'id');
const channels = rowsOf('channel', 'participant_id');
const bindings = rowsOf('binding', 'participant_id');
const syncs = rowsOf('avatar_sync_job', 'participant_id');
const autoSyncs = rowsOf('avatar_auto_sync', 'participant_id');
const memberships = statement(rows({ row }))`
  select to_json(x) as row from (
    select m.*, c.name as conversation_name from conversation_member m
    join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
    where m.tenant_id = ${tenant} and m.id in (${membershipIds}) order by m.id
  ) x`;
const senders = statement(rows({ row }))`
  select to_json(s) as row from unknown_sender s where s.tenant_id = ${tenant} and s.id in (${senderIds}) order by s.id`;
const history = statement(rows({ row }))`
  select to_json(h) as row from history_entry h where h.tenant_id = ${tenant} and h.id in (${entryIds}) order by h.id`;
const pictures = statement(rows({ id: uuid, path: text }))`
  select f.id, f.path from file f where f.tenant_id = ${tenant} and f.id in (
    select p.avatar_file_id from participant p where p.tenant_id = ${tenant} and p.id = any(${ids})
    union select r.avatar_file_id from merged_id r where r.tenant_id = ${tenant} and r.into_id = any(${ids})) order by f.id`;

/** A column's name as the graph would spell it. */
const spelled = (column: string) => column.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const notTold = new Set([
  'tenant_id',
  'name_key',
  'phone_key',
  'address_key',
  'identity_key',
  'compare_key',
  'worker_id',
  'keys',
]);
const told = (found: readonly { row: Record<string, unknown> }[]) =>
  found.map(({ row }) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([column]) => !notTold.has(column))
        .map(([column, value]) => [spelled(column), value]),
    ),
  );

/** Reads everything that is held about the person that an identifier leads to. Throws VALIDATION_FAILED. */
async function contentOf(db: TenantDatabase, by: IdentityInput, storage: Pick<Storage, 'get'>): Promise<object> {
  const theirs = await everythingOf(db, await findPerson(db, by));
  const { userIds, participantIds, ids: every, idTexts, identities, providers, addressKeys, historyTexts } = theirs;
  const ofParticipants = { ids: participantIds };
  const images: { fileId: string; contentType: string; base64: string }[] = [];
  for (const { id, path } of await db.query(pictures, ofParticipants)) {
    const bytes = await storage.get(avatarKey(path, 512));
    if (bytes) images.push({ fileId: id, contentType: 'image/webp', base64: Buffer.from(bytes).toString('base64') });
  }
  const found = await db.query(memberships, { userIds, participantIds, idTexts });
  const unknown = await db.query(senders, { ids: every, identities, providers, addressKeys });
  const idOf = (column: string) => (one: { row: Record<string, unknown> }) => String(one.row[column]);
  return {
    exportedAt: db.now().toISOString(),
    by,
    externalUsers: told(await db.query(users, { ids: userIds })),
    identifiers: told(await db.query(identifiers, { ids: userIds })),
    merges: told(await db.query(merges, { ids: every })),
    participants: told(await db.query(participants, ofParticipants)),
    channels: told(await db.query(channels, ofParticipants)),
    bindings: told(await db.query(bindings, ofParticipants)),
    conversationParticipants: told(found),
    unknownSenders: told(unknown),
    avatarSyncs: [...told(await db.query(syncs, ofParticipants)), ...told(await db.query(autoSyncs, ofParticipants))],
    avatars: images,
    history: told(
      await db.query(history, {
        ids: [...every, ...unknown.map(idOf('id'))],
        historyTexts,
        conversationIds: found.map(idOf('conversation_id')),
        membershipTexts: found.map(idOf('id')),
      }),
    ),
  };
}

/** Returns how many erasures there were, when none is being done. */
const erasuresDone = (db: TenantDatabase): Promise<number> =>
  db.transaction(async (tx) => {
    await tx.query(awaitErasures);
    const [{ count } = { count: 0 }] = await tx.query(countErasures);
    return count;
  });

/**
 * Writes everything that is held about the person that an identifier leads to into one JSON file, and returns the
 * file's id. Where nothing is held, the file says so. Throws VALIDATION_FAILED, and CONFLICT where data is erased
 * meanwhile again and again.
 */
export async function exportPerson(
  db: TenantDatabase,
  input: { by: IdentityInput },
  storage: Pick<Storage, 'put' | 'get'>,
): Promise<string> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const before = await erasuresDone(db);
    const bytes = Buffer.from(`${JSON.stringify(await contentOf(db, input.by, storage), null, 2)}\n`);
    const fileId = await storeDataFile(db, storage, { name: 'person.json', contentType: 'application/json' }, bytes);
    // It may hold somebody who was erased after they were read.
    if ((await erasuresDone(db)) === before) return fileId;
    await withdrawDataFile(db, fileId);
  }
  throw new Problem('CONFLICT', 'Data is being erased: ask again.');
}
