import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStorage, type Storage } from '../../src/storage/storage.ts';

let root: string;
let storage: Storage;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rollcall-storage-'));
  storage = openStorage(pathToFileURL(root).href);
});

afterEach(() => rm(root, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(relative(directory, entry.parentPath), entry.name));
}

describe('a file storage', () => {
  test('returns what was put, of any length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 10_000 }), async (content) => {
        await storage.put('avatars/one.webp', content, 'image/webp');
        // Compared by hand: toEqual takes a second for the long one.
        expect(Buffer.compare((await storage.get('avatars/one.webp')) ?? Buffer.from('null'), content)).toBe(0);
      }),
      { numRuns: 10, examples: [[new Uint8Array()], [new Uint8Array(600_000).fill(7)]] },
    );
  });

  test('keeps keys apart', async () => {
    await storage.put('a/1', bytes('first'), 'text/plain');
    await storage.put('a/2', bytes('second'), 'text/plain');
    expect(await storage.get('a/1')).toEqual(bytes('first'));
  });

  test('answers null for a key that is not there, and other failures as failures', async () => {
    expect(await storage.get('nothing/here')).toBeNull();
    await storage.put('directory/file', bytes('x'), 'text/plain');
    await expect(storage.get('directory')).rejects.toThrow();
  });

  test('deletes, and a second time without complaint', async () => {
    await storage.put('gone', bytes('x'), 'text/plain');
    await storage.delete('gone');
    await storage.delete('gone');
    expect(await storage.get('gone')).toBeNull();
  });

  test('leaves nothing behind but the file', async () => {
    await storage.put('avatars/one.webp', bytes('x'), 'image/webp');
    await storage.check();
    expect(await filesUnder(root)).toEqual([join('avatars', 'one.webp')]);
  });

  test('replaces a file as a whole: one that is open keeps its bytes', async () => {
    await storage.put('one', bytes('the old and longer content'), 'text/plain');
    // A hard look at the replacement: writing through the name would also change what the link points to.
    await rm(join(root, 'aside'), { force: true });
    await writeFile(join(root, 'aside'), 'target');
    await rm(join(root, 'one'));
    await symlink(join(root, 'aside'), join(root, 'one'));
    await storage.put('one', bytes('new'), 'text/plain');
    expect(await readFile(join(root, 'aside'), 'utf8')).toBe('target');
    expect(await storage.get('one')).toEqual(bytes('new'));
  });

  test('never shows a part of a file to a reader', async () => {
    const versions = [new Uint8Array(3_000_000).fill(1), new Uint8Array(3_000_000).fill(2)];
    await storage.put('big', versions[0]!, 'image/webp');
    let writing = true;
    const written = (async () => {
      for (let turn = 0; turn < 10; turn += 1) await storage.put('big', versions[turn % 2]!, 'image/webp');
      writing = false;
    })();
    const wrong: string[] = [];
    while (writing) {
      const seen = await storage.get('big');
      if (seen?.length !== 3_000_000) wrong.push(`length ${seen?.length}`);
      else if (seen.some((byte) => byte !== seen[0])) wrong.push('mixed');
    }
    await written;
    expect(wrong).toEqual([]);
  });

  test('cleans up after a write that failed', async () => {
    await storage.put('taken/file', bytes('x'), 'text/plain');
    await expect(storage.put('taken', bytes('y'), 'text/plain')).rejects.toThrow();
    expect(await filesUnder(root)).toEqual([join('taken', 'file')]);
  });

  test('refuses keys that lead out of its directory', async () => {
    await expect(storage.put('../outside', bytes('x'), 'text/plain')).rejects.toThrow();
    await expect(storage.get('../../etc/passwd')).rejects.toThrow();
  });

  test('says when it cannot be written', async () => {
    await writeFile(join(root, 'occupied'), '');
    await expect(openStorage(pathToFileURL(join(root, 'occupied')).href).check()).rejects.toThrow();
    await expect(storage.check()).resolves.toBeUndefined();
    await rm(join(root, '.incoming'), { recursive: true });
    await writeFile(join(root, '.incoming'), '');
    await expect(storage.check()).rejects.toThrow();
  });
});

describe('a storage URL', () => {
  test('may be relative to where the service runs', async () => {
    await openStorage(`file:./${relative(process.cwd(), root)}/be%20low`).put('one', bytes('x'), 'text/plain');
    expect(await readFile(join(root, 'be low', 'one'), 'utf8')).toBe('x');
  });

  test('may hold escaped characters', async () => {
    await openStorage(`${pathToFileURL(root).href}/a%20b`).put('one', bytes('x'), 'text/plain');
    expect(await readFile(join(root, 'a b', 'one'), 'utf8')).toBe('x');
  });

  test.each(['s3://bucket/prefix', 'file:', '/no/scheme', ''])('is refused when it is %j', (url) => {
    expect(() => openStorage(url)).toThrow(/STORAGE_URL/);
  });
});
