import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// It has no types of its own.
type S3rver = { run(): Promise<{ port: number }>; close(): Promise<void>; httpServer: { closeAllConnections(): void } };
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
  const { port } = await server.run();
  return {
    url: (prefix) => `s3://${bucket}/${prefix}?region=eu-central-1&endpoint=${encodeURIComponent(`http://127.0.0.1:${port}`)}`,
    directory: join(folder, bucket),
    async close() {
      server.httpServer.closeAllConnections();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
