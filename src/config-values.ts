import { createPublicKey } from 'node:crypto';
import { z } from 'zod';
import { readDatabaseUrl } from './database/database-url.ts';

/** A switch. */
export const onOff = z.enum(['on', 'off'], 'must be "on" or "off"');
/** A whole number between two, which may be it. */
export const wholeNumber = (min: number, max: number) =>
  z.coerce
    .number(`must be a number`)
    .int('must be a whole number')
    .min(min, `must be at least ${min}`)
    .max(max, `must be at most ${max}`);
/** A list with commas. Empty parts are left out. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);
/** A URL of one of these protocols. */
export const address = (protocols: readonly string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that begins with ${protocols.join(' or ')}`,
    );

/** Whether a text is an origin, as a browser says it. */
export const isOrigin = (text: string) => URL.canParse(text) && new URL(text).origin === text;
/** Whether a text is a host with its port. */
export const isHostAndPort = (text: string) =>
  /^([^\s:/@]+|\[[0-9a-f:]+\]):\d+$/i.test(text) && URL.canParse(`http://${text}`);

/** Whether a text is a public key in PEM. */
export function isPublicKey(pem: string): boolean {
  try {
    return createPublicKey(pem).type === 'public' && pem.includes('PUBLIC KEY');
  } catch {
    return false;
  }
}

/** The URL of a PostgreSQL that is written, or that is only read. */
export const databaseUrl = (use: 'writes' | 'reads') =>
  z.string().check(({ value, issues }) => {
    try {
      readDatabaseUrl(value, use);
    } catch (error) {
      issues.push({ code: 'custom', message: (error as Error).message, input: value });
    }
  });
