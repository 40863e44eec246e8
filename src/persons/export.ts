import { avatarKey } from '../avatars/keys.ts';
import type { TenantDatabase } from '../database/database.ts';
import { rows } from '../database/sql/columns.ts';
import { literal, name, parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, json, text, uuid } from '../database/sql/types.ts';
import { mergesOf } from '../external-users/merges-of.ts';
import type { IdentityInput } from '../identity/who-is.ts';
import { comparedBy } from '../providers/address.ts';
import type { Storage } from '../storage/storage.ts';
import { storeDataFile } from '../transfer/files.ts';
import { findPerson, textsOf } from './found.ts';

const ids = parameter('ids', array(uuid));
const texts = parameter('texts', array(text));

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
const history = rowsOf('history_entry', 'about_id');
const memberships = statement(rows({ row }))`
  select to_json(x) as row from (
    select m.*, c.name as conversation_name from conversation_member m
    join conversation c on c.tenant_id = m.tenant_id and c.id = m.conversation_id
    where m.tenant_id = ${tenant} and (m.user_id = any(${ids}) or m.contact_id = any(${ids})) order by m.id
  ) x`;
const senders = statement(rows({ row }))`
  select to_json(s) as row from unknown_sender s
  join integration_config i on i.tenant_id = s.tenant_id and i.id = s.integration_config_id
  where s.tenant_id = ${tenant} and (s.approved_participant_id = any(${ids})
    or ${literal('identity ')} || s.identity_key = any(${texts}) or ${literal('address ')} || i.provider || ' ' || ${comparedBy('s')} = any(${texts}))
  order by s.id`;
const pictures = statement(rows({ id: uuid, path: text }))`
  select f.id, f.path from file f join participant p on p.tenant_id = f.tenant_id and p.avatar_file_id = f.id
  where f.tenant_id = ${tenant} and p.id = any(${ids}) order by f.id`;
const channelTexts = statement(rows({ provider: text, key: assured(text) }))`
  select c.provider, ${comparedBy('c')} as key from channel c where c.tenant_id = ${tenant} and c.participant_id = any(${ids})`;

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
]);
const told = (found: readonly { row: Record<string, unknown> }[]) =>
  found.map(({ row }) =>
    Object.fromEntries(
      Object.entries(row)
        .filter(([column]) => !notTold.has(column))
        .map(([column, value]) => [spelled(column), value]),
    ),
  );

/**
 * Writes everything that is held about the person that an identifier leads to into one JSON file, and returns the
 * file's id. Where nothing is held, the file says so. Throws VALIDATION_FAILED.
 */
export async function exportPerson(
  db: TenantDatabase,
  input: { by: IdentityInput },
  storage: Pick<Storage, 'put' | 'get'>,
): Promise<string> {
  const person = await findPerson(db, input.by);
  const userIds = person.users.map(({ id }) => id);
  const participantIds = person.participants.map(({ id }) => id);
  const both = { ids: [...userIds, ...participantIds] };
  const ofParticipants = { ids: participantIds };
  const addresses = await db.query(channelTexts, ofParticipants);
  const known = [...textsOf(person.by), ...addresses.map(({ provider, key }) => `address ${provider} ${key}`)];
  const images: { fileId: string; contentType: string; base64: string }[] = [];
  for (const { id, path } of await db.query(pictures, ofParticipants)) {
    const bytes = await storage.get(avatarKey(path, 512));
    if (bytes) images.push({ fileId: id, contentType: 'image/webp', base64: Buffer.from(bytes).toString('base64') });
  }
  const content = {
    exportedAt: db.now().toISOString(),
    by: input.by,
    externalUsers: told(await db.query(users, { ids: userIds })),
    identifiers: told(await db.query(identifiers, { ids: userIds })),
    merges: told(await db.query(merges, { ids: userIds })),
    participants: told(await db.query(participants, ofParticipants)),
    channels: told(await db.query(channels, ofParticipants)),
    bindings: told(await db.query(bindings, ofParticipants)),
    conversationParticipants: told(await db.query(memberships, both)),
    unknownSenders: told(await db.query(senders, { ...ofParticipants, texts: known })),
    avatarSyncs: [...told(await db.query(syncs, ofParticipants)), ...told(await db.query(autoSyncs, ofParticipants))],
    avatars: images,
    history: told(await db.query(history, both)),
  };
  const bytes = Buffer.from(`${JSON.stringify(content, null, 2)}\n`);
  return storeDataFile(db, storage, { name: 'person.json', contentType: 'application/json' }, bytes);
}
