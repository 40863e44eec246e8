import type { IncomingMessage } from 'node:http';
import type { ExecutionResult } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { OperationRequest } from '../operations/run.ts';
import { namesById } from '../operations/trusted.ts';
import { withExactNumbers } from '../values/json-number.ts';
import { commonJsonType, type JsonType } from './media-types.ts';

export type RequestHeaders = { get(name: string): string | null };

/** Returns a header that came once, or null. */
export const header = (request: IncomingMessage, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' ? value : null;
};

const json = /^application\/json(\s*;\s*charset=utf-8)?$/i;
/** Longer Accept headers are uncommon. They are parsed each time instead of being kept. */
const longestAccept = 200;
const byAccept = new LRUCache<string, { type: JsonType | null }>({ max: 200 });

/** Returns the media type of the answer. Null when the request is not a common one. */
export function commonMediaType({ headers }: IncomingMessage): JsonType | null {
  if (
    !json.test(headers['content-type'] ?? '') ||
    headers['content-encoding'] ||
    headers.origin ||
    headers['x-http-method-override']
  )
    return null;
  const accept = headers.accept ?? '*/*';
  if (accept.length > longestAccept) return commonJsonType(accept);
  let known = byAccept.get(accept);
  if (!known) {
    known = { type: commonJsonType(accept) };
    byAccept.set(accept, known);
  }
  return known.type;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the operation of a body with exactly one, each part of its type. Null for any other body. */
export function commonOperation(body: string): OperationRequest | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(withExactNumbers(body));
  } catch {
    return null;
  }
  if (!isObject(parsed)) return null;
  const {
    query = null,
    documentId = null,
    operationName = null,
    variables = null,
    extensions = null,
    ...more
  } = parsed;
  if (typeof query !== 'string' && !(query === null && namesById(parsed))) return null;
  if (operationName !== null && typeof operationName !== 'string') return null;
  if (variables !== null && !isObject(variables)) return null;
  if (extensions !== null && !isObject(extensions)) return null;
  for (const _ in more) return null;
  return { query, documentId, extensions, operationName, variables };
}

/** An answer as it is sent. */
export type Written = { status: number; headers: Record<string, string>; body: string | Buffer };

/**
 * Returns the result as text, with the status and the headers for its errors by the GraphQL over HTTP specification, as
 * Yoga does.
 */
export function written(result: ExecutionResult, type: JsonType): Written {
  if (!result.errors?.length) return { status: 200, headers: {}, body: JSON.stringify(result) };
  let status = 0;
  const headers: Record<string, string> = {};
  const errors = result.errors.map((error) => {
    const { http, ...extensions } = error.extensions;
    Object.assign(headers, http?.headers);
    if (http?.status && !(http.spec && type === 'application/json')) status = Math.max(status, http.status);
    return { ...error.toJSON(), extensions };
  });
  return { status: status || 200, headers, body: JSON.stringify({ ...result, errors }) };
}
