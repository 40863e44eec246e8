import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { KeyKind } from '../database/generated/enums.ts';

const beginning = { ACCESS_KEY: 'rca', AGENT_KEY: 'rcs', WEBHOOK_KEY: 'rcw' } as const;
const form = /^(rc[asw]_[0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

const hash = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** A new secret, its visible prefix, and the hash that is stored in its place. */
export function makeSecret(kind: KeyKind | 'WEBHOOK_KEY'): { secret: string; prefix: string; secretHash: string } {
  const prefix = `${beginning[kind]}_${randomBytes(6).toString('hex')}`;
  const secret = `${prefix}_${randomBytes(32).toString('base64url')}`;
  return { secret, prefix, secretHash: hash(secret) };
}

/** The prefix by which a secret is looked up, or null when it has no secret's form. */
export const prefixOf = (secret: string): string | null => form.exec(secret)?.[1] ?? null;

/** Whether the secret is the one that was hashed; takes the same time wherever they differ. */
export const matches = (secret: string, secretHash: string): boolean =>
  timingSafeEqual(Buffer.from(hash(secret), 'hex'), Buffer.from(secretHash, 'hex'));
