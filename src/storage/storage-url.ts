import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where files are kept: a folder, or a part of an S3 bucket. */
export type StoragePlace =
  | { kind: 'folder'; directory: string }
  | {
      kind: 's3';
      bucket: string;
      /** The beginning of every key: empty, or ending with a slash. */
      prefix: string;
      /** Null to use the AWS environment. */
      region: string | null;
      /** The endpoint of another vendor's service. Null for Amazon's. */
      endpoint: string | null;
      /** Whether the bucket is part of the path instead of the host's name. */
      forcePathStyle: boolean;
    };

/** Reads a `file:` or `s3:` URL. `faults` lists everything that is wrong with it, without repeating the URL. */
export function readStorageUrl(url: string): { place: StoragePlace } | { faults: string[] } {
  if (url.startsWith('file:')) return readFolder(url);
  if (url.startsWith('s3:')) return readBucket(url);
  return { faults: ['must begin with file: or s3:'] };
}

function readFolder(url: string): ReturnType<typeof readStorageUrl> {
  const path = url.slice('file:'.length);
  if (path === '') return { faults: ['must be file: and a folder'] };
  try {
    // new URL() drops the dot of file:./x and would make it absolute.
    return {
      place: {
        kind: 'folder',
        directory: path.startsWith('/') ? fileURLToPath(url) : resolve(decodeURIComponent(path)),
      },
    };
  } catch {
    return { faults: ['must be file: and a folder of this machine'] };
  }
}

const known = new Set(['region', 'endpoint', 'forcePathStyle']);

function readBucket(url: string): ReturnType<typeof readStorageUrl> {
  if (!/^s3:\/\//.test(url) || !URL.canParse(url))
    return { faults: ['must be s3://bucket/prefix?region=…&endpoint=…'] };
  const { hostname: bucket, pathname, searchParams, username, password, port, hash } = new URL(url);
  const faults: string[] = [];
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket))
    faults.push('must name a bucket: 3 to 63 lower-case letters, digits, dots, dashes');
  if (username || password)
    faults.push('must not hold credentials: give them as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY');
  if (port || hash) faults.push('must have neither a port nor a fragment; an endpoint is a parameter');

  const prefix = pathname.replaceAll(/^\/+|\/+$/g, '');
  if (!/^[\w.!-]*(\/[\w.!-]+)*$/.test(prefix) || prefix.split('/').some((part) => part === '.' || part === '..')) {
    faults.push('must have a prefix of letters, digits and ._!- between slashes');
  }
  for (const name of new Set(searchParams.keys())) {
    if (!known.has(name))
      faults.push(`knows no parameter ${name.slice(0, 50)}, only region, endpoint and forcePathStyle`);
    else if (searchParams.getAll(name).length > 1) faults.push(`must have ${name} once`);
  }
  const region = searchParams.get('region');
  if (region !== null && !/^[a-z0-9-]{1,50}$/.test(region)) faults.push('must have a region like eu-central-1');
  const endpoint = searchParams.get('endpoint');
  if (endpoint !== null && !isEndpoint(endpoint))
    faults.push('must have an endpoint that is an http or https URL without credentials');
  const style = searchParams.get('forcePathStyle');
  if (style !== null && style !== 'true' && style !== 'false') faults.push('must have true or false as forcePathStyle');

  if (faults.length > 0) return { faults };
  return {
    place: {
      kind: 's3',
      bucket,
      prefix: prefix && `${prefix}/`,
      // Other vendors mostly ignore the region, but requests are signed with one.
      region: region ?? (endpoint === null ? null : 'us-east-1'),
      endpoint,
      forcePathStyle: style === null ? endpoint !== null : style === 'true',
    },
  };
}

function isEndpoint(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && !username && !password && !search && !hash;
}
