import {
  type DeleteObjectCommandInput,
  type GetObjectCommandInput,
  type PutObjectCommandInput,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { S3Driver } from 'flydrive/drivers/s3';
import type { StoragePlace } from './storage-url.ts';

/** Flydrive's driver for a part of an S3 bucket. Credentials come from where Amazon's tools look for them. */
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
    // Without the word the handler would only write a warning.
    requestHandler: {
      connectionTimeout: 2_000,
      requestTimeout: 5_000,
      socketTimeout: 5_000,
      throwOnRequestTimeout: true,
    },
    // Services that speak S3, but are not Amazon's, often know no trailing checksums. TLS and the signature guard what travels.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  // Buckets made since 2023 refuse access lists; without them objects are as private as the bucket.
  return new PrefixedDriver({ client, bucket, visibility: 'private', supportsACL: false }, prefix);
}

/** Whether S3's error says that there is no such object. */
export function isMissingObject(error: unknown): boolean {
  if (!(error instanceof S3ServiceException)) return false;
  // To those who may not list the bucket, S3 says "denied" of an object that is not there. That all is denied is what check() finds out.
  if (error.name === 'AccessDenied') return true;
  return error.$metadata.httpStatusCode === 404 && error.name !== 'NoSuchBucket';
}

// Flydrive has no prefixes. Put before the keys that Disk has made sure of, so that no key leads out of it.
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
