import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyKind } from '../database/generated/enums.ts';

const beginning = { ACCESS_KEY: 'rca', AGENT_KEY: 'rcs', WEBHOOK_KEY: 'rcw' } as const;
const form = /^(rc[asw]_[0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

const hash = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** Creates a secret, its visible prefix, and the hash that is stored. */
export function makeSecret(kind: KeyKind | 'WEBHOOK_KEY'): { secret: string; prefix: string; secretHash: string } {
  const prefix = `${beginning[kind]}_${randomBytes(6).toString('hex')}`;
  const secret = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { secret, prefix, secretHash: hash(secret) };
}

/** Returns the prefix that a secret's key is found by, or null when the text is not a secret. */
export const prefixOf = (secret: string): string | null => form.exec(secret)?.[1] ?? null;

/** Compares a secret with a stored hash in constant time. */
export const matches = (secret: string, secretHash: string): boolean =>
  timingSafeEqual(Buffer.from(hash(secret), 'hex'), Buffer.from(secretHash, 'hex'));
