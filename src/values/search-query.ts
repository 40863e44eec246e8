import { z } from 'zod';
import type { Search } from '../database/search-matches.ts';
import { Problem } from '../errors/catalogue.ts';
import { asciiDigits, toE164 } from './phone-number.ts';
import { trimmed } from './text.ts';

/** What is left of a text when case and accents are passed over, as far as its length goes. */
const folded = (value: string) => value.normalize('NFKD').replaceAll(/[\p{M}\p{Cf}]/gu, '');

const queried = z
  .string()
  .transform((value) => value.replaceAll(/\s+/gu, ' '))
  .pipe(trimmed(2, 255).refine((value) => folded(value).length > 1, { message: 'must be at least 2 characters' }));

// What people write in telephone numbers.
const telephone = /^[\d\s()+.\-/]+$/;

/** Returns the digits that a query in the form of a telephone number is to be found by. Null for another query. */
function digitsOf(query: string): string | null {
  const plain = asciiDigits(query);
  if (!telephone.test(plain)) return null;
  // WhatsApp's ids are the digits of international numbers, perhaps spelled as before a change of the country's plan.
  const abroad = plain.trim().replace(/^(?:00)?(?=[1-9])/, '+');
  const number = abroad.startsWith('+') ? toE164(abroad) : null;
  const digits = number ? number.slice(1) : plain.replace('(0)', '').replaceAll(/\D/g, '');
  // Within a country numbers are dialled with a zero before them, and 00 leads abroad.
  const dialled = digits.length >= 6 ? digits.replace(/^0+/, '') : digits;
  return dialled.length < 2 || dialled === query ? null : dialled;
}

// Letters and digits outside ASCII are in the index of trigrams only where the server's locale knows them.
const threeSigns = /[a-z0-9]{3}/i;

/** Checks a query: 2 to 255 characters after trimming. Throws VALIDATION_FAILED. */
export function searchOf(given: string): Search {
  const result = queried.safeParse(given);
  if (!result.success) {
    const errors = result.error.issues.slice(0, 1).map(({ message }) => ({ path: ['filter', 'query'], message }));
    throw new Problem('VALIDATION_FAILED', `query ${errors[0]?.message}`, { errors });
  }
  const query = result.data;
  const digits = digitsOf(query);
  const trigrams = threeSigns.test(folded(query)) && (digits === null || digits.length > 2);
  return { shape: { trigrams, digits: digits !== null }, values: { query, digits: digits ?? '' } };
}
