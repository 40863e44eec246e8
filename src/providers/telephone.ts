import { telephoneKey, toE164 } from '../values/phone-number.ts';
import type { ReadAddress } from './form.ts';

/** Returns the address as a telephone number, or null. */
export function asTelephone(address: string, region: string | null): ReadAddress | null {
  const number = toE164(address, region);
  return number === null ? null : { fits: true, key: telephoneKey(number), identity: true };
}

/** An invalid address, which is compared unchanged. */
export const misfit = (address: string): ReadAddress => ({ fits: false, key: address.trim(), identity: false });
