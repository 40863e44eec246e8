import { createHash, randomBytes } from 'node:crypto';
import { asUuid } from '../../database/ids.ts';

const tenantBytes = 16;
const randomPart = 32;

/**
 * Creates a state for a provider to carry back: the tenant, by which it is found, and 256 random bits. Only its hash is
 * stored.
 */
export function makeState(tenantId: string): { state: string; stateHash: string } {
  const state = Buffer.concat([Buffer.from(tenantId.replaceAll('-', ''), 'hex'), randomBytes(randomPart)]).toString(
    'base64url',
  );
  return { state, stateHash: hashOf(state) };
}

/** Returns the tenant of a state and the hash it is stored under. Null for an invalid state. */
export function readState(state: string): { tenantId: string; stateHash: string } | null {
  if (!/^[A-Za-z0-9_-]{64}$/.test(state)) return null;
  const hex = Buffer.from(state, 'base64url').subarray(0, tenantBytes).toString('hex');
  const tenantId = asUuid(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  return tenantId === null ? null : { tenantId, stateHash: hashOf(state) };
}

/** Creates a PKCE verifier and its challenge (RFC 7636, S256). */
export function makeProof(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

const hashOf = (state: string) => createHash('sha256').update(state).digest('hex');
