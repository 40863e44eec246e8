import type { IdentityInput } from '../../graph/generated/graphql.ts';

/** Reads what somebody typed as an identifier. Null where it is only a name, or a part of one. */
export function identifierOf(text: string): IdentityInput | null {
  const given = text.trim();
  if (/^[^\s@]+@[^\s@]+$/.test(given)) return { email: given };
  const digits = given.replace(/[\s().\-/]/g, '');
  if (/^(\+|00)\d{6,17}$/.test(digits)) return { phoneNumber: digits.replace(/^00/, '+') };
  return null;
}
