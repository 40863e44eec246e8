import { createHash, randomBytes } from 'node:crypto';
import { asUuid } from '../../database/ids.ts';

const tenantBytes = 16;
const randomPart = 32;

/**
 * A new state for a provider to carry back: the tenant, by which it is looked up, and 256 random bits. It says nothing
 * else, and only its hash is kept.
 */
export function makeState(tenantId: string): { state: string; stateHash: string } {
  const state = Buffer.concat([Buffer.from(tenantId.replaceAll('-', ''), 'hex'), randomBytes(randomPart)]).toString(
    'base64url',
  );
  return { state, stateHash: hashOf(state) };
}

/** The tenant that a state names, and the hash it would be kept under; null for what is no state. */
export function readState(state: string): { tenantId: string; stateHash: string } | null {
  if (!/^[A-Za-z0-9_-]{64}$/.test(state)) return null;
  const hex = Buffer.from(state, 'base64url').subarray(0, tenantBytes).toString('hex');
  const tenantId = asUuid(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  return tenantId === null ? null : { tenantId, stateHash: hashOf(state) };
}

/** A proof key, and what the provider is told of it at first (RFC 7636, S256). */
export function makeProof(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

const hashOf = (state: string) => createHash('sha256').update(state).digest('hex');
