import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openStorage, type Storage } from '../../src/storage/storage.ts';

let root: string;
let storage: Storage;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'rollcall-storage-'));
  storage = await openStorage(pathToFileURL(root).href);
});

afterEach(() => rm(root, { recursive: true, force: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(relative(directory, entry.parentPath), entry.name));
}

describe('a storage in a folder', () => {
  test('answers what is not a missing key as a failure', async () => {
    await storage.put('directory/file', bytes('x'), 'text/plain');
    await expect(storage.get('directory')).rejects.toThrow();
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

  test('cleans up after a write that failed', async () => {
    await storage.put('taken/file', bytes('x'), 'text/plain');
    await expect(storage.put('taken', bytes('y'), 'text/plain')).rejects.toThrow();
    expect(await filesUnder(root)).toEqual([join('taken', 'file')]);
  });

  test('says when it cannot be written', async () => {
    await writeFile(join(root, 'occupied'), '');
    const occupied = await openStorage(pathToFileURL(join(root, 'occupied')).href);
    await expect(occupied.check()).rejects.toThrow();
    await expect(storage.check()).resolves.toBeUndefined();
    await rm(join(root, '.incoming'), { recursive: true });
    await writeFile(join(root, '.incoming'), '');
    await expect(storage.check()).rejects.toThrow();
  });
});

describe('a file: URL', () => {
  test('may be relative to where the service runs', async () => {
    const below = await openStorage(`file:./${relative(process.cwd(), root)}/be%20low`);
    await below.put('one', bytes('x'), 'text/plain');
    expect(await readFile(join(root, 'be low', 'one'), 'utf8')).toBe('x');
  });

  test('may hold escaped characters', async () => {
    const below = await openStorage(`${pathToFileURL(root).href}/a%20b`);
    await below.put('one', bytes('x'), 'text/plain');
    expect(await readFile(join(root, 'a b', 'one'), 'utf8')).toBe('x');
  });
});
