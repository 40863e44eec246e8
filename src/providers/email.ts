import { asEmailAddress, emailKey, mailboxOf } from '../values/email-address.ts';
import type { AddressForm } from './form.ts';

const longest = 320;

/** An address, perhaps after a name as in mail headers. Compared without case, but with its dots. */
export const email: AddressForm = (address) => {
  const key = emailKey(address);
  const named = /[<>]/.test(address) || /^mailto:/i.test(address);
  return {
    fits: asEmailAddress(named ? mailboxOf(address) : address) !== null,
    key: key ?? address.trim(),
    identity: key !== null && key.length <= longest,
  };
};
