import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { newId } from '../database/ids.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { nullable, text, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Storage } from '../storage/storage.ts';
import type { RenderedAvatar } from './image.ts';
import { avatarFolder, avatarKey } from './keys.ts';
import { avatarSizes } from './sizes.ts';

// docs/decisions/0013-files-and-their-sweep.md says how images are stored and deleted so that no row refers to a
// missing file. sweep.ts deletes them.

const reserve = statement(rows({ id: uuid, path: text }))`
  insert into file as f (tenant_id, id, content_hash, path)
  values (${tenant}, ${parameter('id', uuid)}, ${parameter('contentHash', text)}, ${parameter('path', text)})
  on conflict (tenant_id, content_hash) do update set touched_at = now() where f.tenant_id = ${tenant} returning f.id, f.path`;

// In the order of their ids, because another transaction may exchange the same two pictures.
const exchange = statement(rows({ id: uuid }))`
  with files as (
    select f.id from file f where f.tenant_id = ${tenant} and f.content_hash is not null
    and f.id in (${parameter('fileId', nullable(uuid))},
      (select p.avatar_file_id from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('participantId', uuid)}))
    order by f.id for no key update)
  update file f set touched_at = now() from files where f.tenant_id = ${tenant} and f.id = files.id returning f.id`;

/** The tenant has no file of that id: the sweep has deleted it, or it never existed. */
export class FileSwept extends Error {}

/** The condition that no participant has a file `f` as its avatar, and none that was merged away had it. */
export const isUnused = sql`not exists (select from participant p where p.tenant_id = f.tenant_id and p.avatar_file_id = f.id)
    and not exists (select from merged_id r where r.tenant_id = f.tenant_id and r.avatar_file_id = f.id)`;

/** The columns of a participant that describe its avatar. */
export type AvatarColumns = {
  avatarFileId: string | null;
  avatarSource: 'UPLOADED' | 'CHANNEL' | null;
  avatarSourceConfigId: string | null;
  avatarSourceAddress: string | null;
  avatarSyncedAt: Date | null;
};

/** The values of those columns without an avatar. */
export const noAvatar: AvatarColumns = {
  avatarFileId: null,
  avatarSource: null,
  avatarSourceConfigId: null,
  avatarSourceAddress: null,
  avatarSyncedAt: null,
};

/**
 * Sets a participant's avatar. The transaction must have locked the participant. The former file stays while URLs of it
 * are valid.
 */
export async function setAvatar(tx: TenantTransaction, participantId: string, columns: AvatarColumns): Promise<void> {
  const files = await tx.query(exchange, { participantId, fileId: columns.avatarFileId });
  if (columns.avatarFileId !== null && !files.some(({ id }) => id === columns.avatarFileId)) throw new FileSwept();
  const { tenantId } = tx;
  await tx.participant.update({ where: { tenantId_id: { tenantId, id: participantId } }, data: columns });
}

/** Removes a file's images. */
export async function removeImages(storage: Storage, folder: string): Promise<void> {
  for (const size of avatarSizes) await storage.delete(avatarKey(folder, size));
}

/**
 * Stores the picture, then calls `refer` to set it on a row by `setAvatar`. If the sweep has deleted the file
 * meanwhile, which takes hours, it starts again.
 */
export async function storeAvatar<Result>(
  db: TenantDatabase,
  storage: Storage,
  { contentHash, images }: RenderedAvatar,
  refer: (fileId: string) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const id = newId();
    const [file] = await db.query(reserve, { id, contentHash, path: avatarFolder(db.tenantId, id) });
    if (!file) continue;
    for (const [size, bytes] of images) await storage.put(avatarKey(file.path, size), bytes, 'image/webp');
    try {
      return await refer(file.id);
    } catch (error) {
      if (!(error instanceof FileSwept)) throw error;
      // The sweep may have emptied the folder before the images were written.
      await removeImages(storage, file.path);
    }
  }
  throw new Problem('UNAVAILABLE', 'The avatar could not be stored now.', { retryAfter: 5 });
}
