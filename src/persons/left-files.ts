import { removeImages } from '../avatars/files.ts';
import { forgetFile } from '../avatars/sweep.ts';
import type { Database } from '../database/database.ts';
import type { Storage } from '../storage/storage.ts';
import { deleteDataFile } from '../transfer/files.ts';
import type { LeftFiles } from './erase.ts';

/** Deletes what the storage holds of an erased person, then the rows that named it. */
export async function deleteLeftFiles(
  database: Pick<Database, 'query'>,
  storage: Storage,
  { tenantId, pictures, data }: LeftFiles,
): Promise<void> {
  for (const { id, path } of pictures) {
    await removeImages(storage, path);
    await database.query(forgetFile, { tenantId, id });
  }
  for (const file of data) await deleteDataFile(database, storage, { tenantId, ...file });
}
