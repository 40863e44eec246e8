import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { TenantDatabase } from '../../src/database/database.ts';
import { openSpool } from '../../src/storage/spool.ts';
import { UploadedFile } from '../../src/storage/uploaded-file.ts';
import { storeContent } from '../../src/transfer/files.ts';

/** A file on disk, and whether it was closed. */
async function onDisk(bytes: number) {
  const spool = await openSpool();
  await spool.write(['x'.repeat(bytes)]);
  const told = { closed: false };
  const close = async () => {
    told.closed = true;
    await spool.close();
  };
  return { told, file: new UploadedFile({ ...spool, close }, spool.size) };
}
const turns = () => new Promise((resolve) => setTimeout(resolve, 50));

test('a file that is given back while it is read is closed after its reader', async () => {
  const { told, file } = await onDisk(300_000);
  const reader = file.read();
  file.release();
  await turns();
  expect(told.closed).toBe(false);
  expect(Buffer.concat(await reader.toArray()).byteLength).toBe(300_000);
  await turns();
  expect(told.closed).toBe(true);
  expect(() => file.read()).toThrow('not there');
});

test('a storage that fails does not keep the file open', async () => {
  const { told, file } = await onDisk(300_000);
  const db = { tenantId: 'x', query: async () => [] } as unknown as TenantDatabase;
  const putStream = async (_: string, pieces: Readable) => {
    for await (const _piece of pieces.iterator({ destroyOnReturn: false })) throw new Error('full');
  };
  await expect(storeContent(db, { putStream }, { name: 'x', contentType: 'x' }, file)).rejects.toThrow('full');
  file.release();
  await turns();
  expect(told.closed).toBe(true);
});

test('bytes in memory are read as often as wanted', async () => {
  const file = new UploadedFile(Buffer.from('abc'), 3);
  for (let n = 0; n < 2; n += 1) expect(Buffer.concat(await file.read().toArray()).toString()).toBe('abc');
  expect(Buffer.from(await file.bytes()).toString()).toBe('abc');
  expect(JSON.stringify({ file })).toBe('{"file":"a file"}');
});
