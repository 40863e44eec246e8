import {
  type DeleteObjectCommandInput,
  type GetObjectCommandInput,
  type PutObjectCommandInput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { S3Driver } from 'flydrive/drivers/s3';
import type { StoragePlace } from './storage-url.ts';

/** Creates Flydrive's driver for a part of an S3 bucket. Credentials come from where Amazon's tools look for them. */
export function s3Driver({
  bucket,
  prefix,
  region,
  endpoint,
  forcePathStyle,
}: StoragePlace & { kind: 's3' }): S3Driver {
  const client = new S3Client({
    ...(region !== null && { region }),
    ...(endpoint !== null && { endpoint }),
    forcePathStyle,
    maxAttempts: 3,
    // Without this option the handler only writes a warning.
    requestHandler: {
      connectionTimeout: 2_000,
      requestTimeout: 5_000,
      socketTimeout: 5_000,
      throwOnRequestTimeout: true,
    },
    // S3 services of other vendors often do not support trailing checksums. TLS and the signature protect the content.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  // Buckets created since 2023 refuse access lists. Without them objects are as private as the bucket.
  return new PrefixedDriver({ client, bucket, visibility: 'private', supportsACL: false }, prefix);
}

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

  constructor(options: ConstructorParameters<typeof S3Driver>[0], prefix: string) {
    super(options);
    this.#prefix = prefix;
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
