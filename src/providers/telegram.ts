import { ownAddresses } from './form.ts';

// Basic names have 5 characters or more, collectible ones 4.
const name = /^@[A-Za-z][A-Za-z0-9_]{3,31}$/;
const id = /^-?[1-9][0-9]{0,15}$/;
// The Bot API promises 52 significant bits; within them, ranges for users, groups and supergroups (-100…) have been
// widened before.
const ids = 2 ** 52;

/** Names are compared without case. */
export const telegram = ownAddresses(
  (address) => name.test(address) || (id.test(address) && Math.abs(Number(address)) < ids),
  (address) => (name.test(address) ? address.toLowerCase() : address),
);
