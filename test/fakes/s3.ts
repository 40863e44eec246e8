import { createHash, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

// It has no types of its own.
type S3rver = {
  run(): Promise<{ port: number }>;
  close(): Promise<void>;
  httpServer: { closeAllConnections(): void };
  store: {
    putObject(object: Stored): Promise<{ size: number; md5: string }>;
    putMetadata(bucket: string, key: string, metadata: object, md5: string): Promise<void>;
    getResourcePath(bucket: string, key: string, resource: 'object'): string;
  };
};
type Stored = { bucket: string; key: string; metadata: object; content: Buffer | AsyncIterable<Buffer> };
const S3rver = createRequire(import.meta.url)('s3rver') as new (options: object) => S3rver;

export type FakeS3 = {
  /** For STORAGE_URL: a prefix of that name in the bucket. */
  url(prefix: string): string;
  /** The folder that the bucket is kept in. */
  directory: string;
  close(): Promise<void>;
};

/** The only key pair that the stand-in knows. */
export const s3Credentials = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

/** Starts an S3 on a free port of the loopback, with one bucket. */
export async function startFakeS3(): Promise<FakeS3> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-s3-'));
  const bucket = 'rollcall-test';
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: folder,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  const { store } = server;
  // Its own answers before the file is written, and writes in place; S3 shows what was put, and all of it, once it has
  // answered.
  store.putObject = async ({ bucket, key, metadata, content }) => {
    const chunks = Buffer.isBuffer(content) ? [content] : [];
    if (!Buffer.isBuffer(content)) for await (const chunk of content) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const path = store.getResourcePath(bucket, key, 'object');
    const staged = join(folder, randomUUID());
    await writeFile(staged, bytes);
    await mkdir(dirname(path), { recursive: true });
    await rename(staged, path);
    const md5 = createHash('md5').update(bytes).digest('hex');
    await store.putMetadata(bucket, key, metadata, md5);
    return { size: bytes.length, md5 };
  };
  const { port } = await server.run();
  return {
    url: (prefix) =>
      `s3://${bucket}/${prefix}?region=eu-central-1&endpoint=${encodeURIComponent(`http://127.0.0.1:${port}`)}`,
    directory: join(folder, bucket),
    async close() {
      server.httpServer.closeAllConnections();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
