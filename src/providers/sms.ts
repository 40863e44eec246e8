import { plainNumber } from '../values/phone-number.ts';
import type { AddressForm } from './form.ts';
import { asTelephone, misfit } from './telephone.ts';

// Short codes are dialled within one country and without a prefix: three to six digits without a leading zero. No
// telephone has one as its number.
const shortCode = /^[1-9]\d{2,5}$/;
// A sender's name instead of a number: up to eleven letters and digits, at least one letter.
const senderName = /^(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 &._'+-]{0,10}$/;

/** Telephone numbers, and short codes and senders' names, which identify no person. Names are compared without case. */
export const sms: AddressForm = (address, region) => {
  const trimmed = address.trim();
  const plain = plainNumber(trimmed);
  if (plain !== null && shortCode.test(plain)) return { fits: true, key: plain, identity: false };
  if (plain === null && senderName.test(trimmed)) return { fits: true, key: trimmed.toLowerCase(), identity: false };
  return asTelephone(trimmed, region) ?? misfit(address);
};
