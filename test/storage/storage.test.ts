import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { type FakeS3, s3Credentials, startFakeS3 } from '../fakes/s3.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(relative(directory, entry.parentPath), entry.name));
}

/** A place to store in, and the keys of all that is stored there. */
type Place = { url: string; keys(): Promise<string[]>; leave(): Promise<void> };

let s3: FakeS3;
let prefixes = 0;
beforeAll(async () => {
  for (const [name, value] of Object.entries(s3Credentials)) vi.stubEnv(name, value);
  s3 = await startFakeS3();
});
afterAll(async () => {
  await s3.close();
  vi.unstubAllEnvs();
});

const places: Record<string, () => Promise<Place>> = {
  async folder() {
    const root = await mkdtemp(join(tmpdir(), 'rollcall-storage-'));
    return {
      url: pathToFileURL(root).href,
      keys: () => filesUnder(root),
      leave: () => rm(root, { recursive: true, force: true }),
    };
  },
  async S3() {
    const prefix = `prefix-${++prefixes}/below`;
    return {
      url: s3.url(prefix),
      async keys() {
        const files = await filesUnder(s3.directory);
        const ours = files.filter((file) => file.startsWith(`${prefix}/`) && file.endsWith('._S3rver_object'));
        return ours.map((file) => file.slice(prefix.length + 1, -'._S3rver_object'.length));
      },
      leave: async () => {},
    };
  },
};

describe.each(Object.keys(places))('a storage in a %s', (kind) => {
  let place: Place;
  let storage: Storage;
  beforeEach(async () => {
    place = await (places[kind] as () => Promise<Place>)();
    storage = await openStorage(place.url);
  });
  afterEach(() => place.leave());

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
    expect(Buffer.from((await storage.get('a/1')) ?? [])).toEqual(Buffer.from('first'));
  });

  test('answers null for a key that is not there', async () => {
    expect(await storage.get('nothing/here')).toBeNull();
    expect(await storage.open('nothing/here')).toBeNull();
  });

  test('takes and gives a file piece by piece', async () => {
    const pieces = Array.from({ length: 40 }, (_, n) => new Uint8Array(70_000).fill(n));
    const whole = Buffer.concat(pieces);
    await storage.put('pieces', bytes('before'), 'text/plain');
    await storage.putStream('pieces', Readable.from(pieces), whole.length, 'text/plain');
    const file = await storage.open('pieces');
    expect(file?.size).toBe(whole.length);
    const read: Uint8Array[] = [];
    for await (const piece of (await file?.read()) ?? []) read.push(piece);
    expect(Buffer.compare(Buffer.concat(read), whole)).toBe(0);
    expect(await place.keys()).toEqual(['pieces']);
  });

  test('keeps what was there when the pieces end too early', async () => {
    await storage.put('kept', bytes('before'), 'text/plain');
    async function* broken() {
      yield bytes('half');
      throw new Error('The source is gone.');
    }
    await expect(storage.putStream('kept', Readable.from(broken()), 100, 'text/plain')).rejects.toThrow();
    expect(Buffer.from((await storage.get('kept')) ?? [])).toEqual(Buffer.from('before'));
  });

  test('deletes, and a second time without complaint', async () => {
    await storage.put('gone', bytes('x'), 'text/plain');
    await storage.delete('gone');
    await storage.delete('gone');
    await storage.delete('never/there');
    expect(await storage.get('gone')).toBeNull();
  });

  test('leaves nothing behind but the file', async () => {
    await storage.put('avatars/one.webp', bytes('x'), 'image/webp');
    await storage.check();
    expect(await place.keys()).toEqual([join('avatars', 'one.webp')]);
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

  test('refuses keys that lead out of it', async () => {
    await expect(storage.put('../outside', bytes('x'), 'text/plain')).rejects.toThrow();
    await expect(storage.get('../../etc/passwd')).rejects.toThrow();
  });
});

describe('a storage URL', () => {
  test.each([
    ['/no/scheme', 'must begin with'],
    ['', 'must begin with'],
    ['file:', 'and a folder'],
    ['file:./%zz', 'a folder of this machine'],
    ['file://server/share', 'a folder of this machine'],
    ['s3:bucket', 'must be s3://'],
    ['s3://', 'bucket'],
    ['s3://B_cket/x', 'must name a bucket'],
    ['s3://ab', 'must name a bucket'],
    ['s3://bucket/a%20b', 'prefix'],
    ['s3://bucket/a//b', 'prefix'],
    ['s3://key:hunter2@bucket/x', 'credentials'],
    ['s3://bucket:9000/x', 'neither a port'],
    ['s3://bucket/x?regoin=eu', 'regoin'],
    ['s3://bucket/x?region=a&region=b', 'once'],
    ['s3://bucket/x?region=EU', 'region like'],
    ['s3://bucket/x?endpoint=minio:9000', 'endpoint that is'],
    ['s3://bucket/x?endpoint=http://key:hunter2@minio', 'endpoint that is'],
    ['s3://bucket/x?forcePathStyle=yes', 'true or false'],
  ])('%j is refused, saying %j', async (url, fault) => {
    await expect(openStorage(url)).rejects.toThrow(fault);
    await expect(openStorage(url)).rejects.toThrow(/^STORAGE_URL/);
    await expect(openStorage(url)).rejects.not.toThrow('hunter2');
  });

  test.each([
    's3://bucket',
    's3://my.bucket-1/',
    's3://bucket/a/b/?region=eu-central-1&forcePathStyle=false',
    's3://b-1/x?endpoint=https://minio:9000',
  ])('%j is accepted', async (url) => {
    await expect(openStorage(url)).resolves.toHaveProperty('put');
  });
});
