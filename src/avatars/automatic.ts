import type { TenantTransaction } from '../database/database.ts';
import { asUuid, newId } from '../database/ids.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import type { ChannelChanges } from '../directory/channels/channels.ts';
import { Problem } from '../errors/catalogue.ts';
import { FileSwept, noAvatar, setAvatar } from './files.ts';
import { supersede } from './settle.ts';
import { type SyncableProviders, syncableChannels } from './syncable.ts';

// A running job of an earlier reason must not write: it belongs to an earlier generation.
const queueFirst = statement(rows({ id: uuid }))`
  insert into avatar_sync_job as j (tenant_id, id, participant_id, integration_config_id, address, kind)
   select p.tenant_id, ${parameter('id', uuid)}, p.id, s.integration_config_id, s.address, 'AUTOMATIC'
   from participant p cross join lateral (${syncableChannels(sql`p.id`)} limit 1) s
   where p.tenant_id = ${tenant} and p.id = ${parameter('participantId', uuid)} and p.avatar_source is distinct from 'UPLOADED'
   on conflict (tenant_id, participant_id) do update set
     integration_config_id = excluded.integration_config_id, address = excluded.address, kind = 'AUTOMATIC',
     generation = j.generation + 1, attempts = 0, accounted = 0, again_config_id = null, again_address = null, queued_at = now(), run_at = now(), finished_at = null,
     state = case j.state when 'RUNNING' then j.state else 'QUEUED' end, error_code = null, error_status = null, error_detail = null
   where j.tenant_id = ${tenant} returning j.id`;

const orphaned = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('participantId', uuid)} and p.avatar_source = 'CHANNEL' and not exists (
     select from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id
     and c.integration_config_id = p.avatar_source_config_id and c.address = p.avatar_source_address)`;

/**
 * Updates the avatar after a change of a participant's channels, in the same transaction. An avatar from a channel that
 * is gone is removed, because it may show another person. A sync from the first syncable channel is queued, unless the
 * avatar was uploaded.
 */
export async function channelsChanged(
  tx: TenantTransaction,
  participantId: string,
  { gone, added, reordered }: ChannelChanges,
  syncable: SyncableProviders,
): Promise<void> {
  let cleared = false;
  if (gone && (await tx.query(orphaned, { participantId })).length > 0) {
    await setAvatar(tx, participantId, noAvatar);
    tx.announce('avatarSynced', { participantId, error: null, occurredAt: tx.now().toISOString() });
    cleared = true;
  }
  const worthwhile = added.some((provider) => syncable.all.includes(provider)) || reordered || cleared;
  if (!worthwhile) return;
  const queued = await tx.query(queueFirst, { participantId, id: newId(), ...syncable });
  if (queued.length > 0) tx.announce('avatarSyncQueued', {});
}

/**
 * Gives a locked participant a file that the tenant's storage has as its avatar, as if it had been uploaded, or none; a
 * queued sync is dropped. Throws FILE_NOT_FOUND.
 */
export async function setAvatarFile(
  tx: TenantTransaction,
  participantId: string,
  fileId: string | null,
): Promise<void> {
  const avatarFileId = fileId === null ? null : asUuid(fileId);
  const notFound = () => new Problem('FILE_NOT_FOUND', `There is no file ${fileId}.`);
  if (fileId !== null && avatarFileId === null) throw notFound();
  await supersede(tx, participantId, { kind: 'SKIPPED' });
  const avatar = avatarFileId === null ? noAvatar : { ...noAvatar, avatarFileId, avatarSource: 'UPLOADED' as const };
  try {
    await setAvatar(tx, participantId, avatar);
  } catch (error) {
    throw error instanceof FileSwept ? notFound() : error;
  }
  tx.announce('avatarSynced', { participantId, error: null, occurredAt: tx.now().toISOString() });
}
