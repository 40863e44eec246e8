import { emailKey } from '../values/email-address.ts';
import type { AddressForm } from './form.ts';

const longest = 320;

/** An address, perhaps after a name as in mail headers. Compared without case, but with its dots. */
export const email: AddressForm = (address) => {
  const key = emailKey(address);
  // What is written to is the address as it is stored, so nothing may stand around it.
  return {
    fits: key !== null && !/^[\s\p{Cf}]|[\s\p{Cf}]$/u.test(address),
    key: key ?? address.trim(),
    identity: key !== null && key.length <= longest,
  };
};
