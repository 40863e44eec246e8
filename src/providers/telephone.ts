import { telephoneKey, toE164 } from '../values/phone-number.ts';
import type { ReadAddress } from './form.ts';

/** The address as a telephone number, or null when it is none. */
export function asTelephone(address: string, region: string | null): ReadAddress | null {
  const number = toE164(address, region);
  return number === null ? null : { fits: true, key: telephoneKey(number), identity: true };
}

/** An address that isn't what it should be: it is compared as it is. */
export const misfit = (address: string): ReadAddress => ({ fits: false, key: address.trim(), identity: false });
