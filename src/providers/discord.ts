import { ownAddresses } from './form.ts';

// An unsigned number of 64 bits: milliseconds since 2015 above the lowest 22, so 17 digits since February of that year.
const id = /^[1-9][0-9]{16,19}$/;
const ids = 2n ** 64n;

export const discord = ownAddresses((address) => id.test(address) && BigInt(address) < ids);
