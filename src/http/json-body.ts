import type { IncomingMessage } from 'node:http';
import { Problem } from '../errors/catalogue.ts';
import { isInexact, withExactNumbers } from '../values/json-number.ts';
import type { BodyBudget } from './bodies.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });
const json = /^application\/(?:[a-z0-9.+-]*\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i;

/**
 * Reads a request's body as JSON. Numbers that a double would change stand as objects that no rule accepts. Throws
 * BAD_USER_INPUT, RESULT_TOO_LARGE, UNAVAILABLE.
 */
export async function readJson(request: IncomingMessage, bodies: BodyBudget, max: number): Promise<unknown> {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = request.headers;
  if (length === '0' || (length === undefined && request.headers['transfer-encoding'] === undefined))
    throw new Problem('BAD_USER_INPUT', 'The request needs a body of JSON.');
  if (!json.test(type ?? '') || (encoding !== undefined && encoding !== 'identity'))
    throw new Problem('BAD_USER_INPUT', 'The body must be application/json in UTF-8, and not compressed.', {
      status: 415,
    });
  const declared = length === undefined ? null : Number(length);
  if (declared !== null && declared > max) throw tooLarge(max);
  const release = bodies.reserve(declared ?? max);
  try {
    return parsed(await bytesOf(request, max));
  } finally {
    release?.();
  }
}

const tooLarge = (max: number) =>
  new Problem('RESULT_TOO_LARGE', `The request's body is larger than ${max.toLocaleString('en')} bytes.`);

// Events rather than an iterator: that would end the connection when the body is too large, before the answer is sent.
function bytesOf(request: IncomingMessage, max: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > max) reject(tooLarge(max));
      else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new Problem('BAD_USER_INPUT', 'The request ended before its body did.')));
  });
}

function parsed(bytes: Buffer): unknown {
  let body: unknown;
  try {
    body = JSON.parse(withExactNumbers(utf8.decode(bytes)));
  } catch {
    throw new Problem('BAD_USER_INPUT', 'The body is not JSON.');
  }
  // In the place of a number stands an object, which would do for a body all of whose members are optional.
  if (isInexact(body)) throw new Problem('BAD_USER_INPUT', 'The body must not be a number.');
  return body;
}
