import type { Readable } from 'node:stream';
import {
  type DeleteObjectCommandInput,
  type GetObjectCommandInput,
  type HeadObjectCommandInput,
  type PutObjectCommandInput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { S3Driver } from 'flydrive/drivers/s3';
import type { WriteOptions } from 'flydrive/types';
import type { StoragePlace } from './storage-url.ts';

const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {} };

/** Creates Flydrive's driver for a part of an S3 bucket. Credentials come from where Amazon's tools look for them. */
export function s3Driver({
  bucket,
  prefix,
  region,
  endpoint,
  forcePathStyle,
}: StoragePlace & { kind: 's3' }): S3Driver {
  const client = (idleMs: number, answerMs: number) =>
    new S3Client({
      ...(region !== null && { region }),
      ...(endpoint !== null && { endpoint }),
      forcePathStyle,
      maxAttempts: 3,
      // What fails is told by the error. Without a logger the client would also write to the console.
      logger: quiet,
      // Without this option the handler only writes a warning.
      requestHandler: {
        connectionTimeout: 2_000,
        requestTimeout: answerMs,
        socketTimeout: idleMs,
        throwOnRequestTimeout: true,
      },
      // S3 services of other vendors often do not support trailing checksums. TLS and the signature protect the
      // content.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  // Buckets created since 2023 refuse access lists. Without them objects are as private as the bucket.
  const options = { bucket, visibility: 'private', supportsACL: false } as const;
  const streams = new PrefixedDriver({ ...options, client: client(longestPauseMs, longestStreamMs) }, prefix);
  return new PrefixedDriver({ ...options, client: client(5_000, 5_000) }, prefix, streams);
}

/** How long the reader of a file may pause, and how long a file may take to be written. */
const longestPauseMs = 120_000;
const longestStreamMs = 600_000;

/** Returns whether S3's error says that there is no object of that key. */
export function isMissingObject(error: unknown): boolean {
  if (!(error instanceof S3ServiceException)) return false;
  // S3 answers "denied" for a missing object where listing is not permitted. check() finds out whether everything is
  // denied.
  if (error.name === 'AccessDenied') return true;
  return error.$metadata.httpStatusCode === 404 && error.name !== 'NoSuchBucket';
}

// Flydrive has no prefixes. Add it before the keys that Disk has validated, so that no key leads out of it.
class PrefixedDriver extends S3Driver {
  readonly #prefix: string;
  readonly #streams: S3Driver | null;

  constructor(options: ConstructorParameters<typeof S3Driver>[0], prefix: string, streams: S3Driver | null = null) {
    super(options);
    this.#prefix = prefix;
    this.#streams = streams;
  }

  override getStream(key: string): Promise<Readable> {
    return this.#streams ? this.#streams.getStream(key) : super.getStream(key);
  }

  override putStream(key: string, contents: Readable, options?: WriteOptions): Promise<void> {
    return this.#streams ? this.#streams.putStream(key, contents, options) : super.putStream(key, contents, options);
  }

  protected override createHeadObjectCommand(client: S3Client, options: HeadObjectCommandInput) {
    return super.createHeadObjectCommand(client, { ...options, Key: this.#prefix + options.Key });
  }

  protected override createPutObjectCommand(client: S3Client, options: PutObjectCommandInput) {
    return super.createPutObjectCommand(client, { ...options, Key: this.#prefix + options.Key });
  }

  protected override createGetObjectCommand(client: S3Client, options: GetObjectCommandInput) {
    return super.createGetObjectCommand(client, { ...options, Key: this.#prefix + options.Key });
  }

  protected override createDeleteObjectCommand(client: S3Client, options: DeleteObjectCommandInput) {
    return super.createDeleteObjectCommand(client, { ...options, Key: this.#prefix + options.Key });
  }
}
