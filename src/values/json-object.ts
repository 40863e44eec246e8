import { z } from 'zod';
import { isInexact } from './json-number.ts';

const max = 16 * 1024;
const deepest = 32;

// JSON.stringify writes NUL and halves of surrogate pairs as escapes, which PostgreSQL refuses. An even number of
// backslashes before them is text.
const unstorable = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f][0-9a-f]{2})/;

/** Returns whether PostgreSQL keeps a JSON text that JSON.stringify has written. */
export const isStorableJson = (json: string): boolean => !unstorable.test(json);

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1)));

// Our JSON writer loses a member of that name. In a document it becomes the object's prototype before it comes here.
const hasPrototype = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasPrototype);
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === null || prototype === Object.prototype;
  return !plain || Object.hasOwn(value, '__proto__') || Object.values(value).some(hasPrototype);
};

const hasInexact = (value: unknown): boolean =>
  typeof value === 'number'
    ? !Number.isFinite(value)
    : typeof value === 'object' && value !== null && (isInexact(value) || Object.values(value).some(hasInexact));

/** A JSON object of the caller's: at most 16 KB serialised and 32 levels deep. */
export const jsonObject = z
  .custom<Record<string, unknown>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be a JSON object',
  )
  .superRefine((value, context) => {
    const refuse = (message: string) => context.addIssue({ code: 'custom', message });
    // Check this first: a deep value makes JSON.stringify run out of stack.
    if (isDeeper(value, deepest)) return refuse(`must not be nested deeper than ${deepest} levels`);
    if (hasInexact(value)) return refuse('must not contain numbers that cannot be kept exactly: send them as text');
    if (hasPrototype(value)) return refuse('must not have a member called __proto__');
    const json = JSON.stringify(value);
    if (Buffer.byteLength(json) > max) refuse('must be at most 16 KB');
    if (!isStorableJson(json)) refuse('must not contain characters that are no text');
  });
