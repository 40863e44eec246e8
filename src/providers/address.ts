import { type Fragment, name, sql } from '../database/sql/fragment.ts';
import { isNational } from '../values/phone-number.ts';
import { formOf } from './registry.ts';

/** What is stored with the address of a channel or an unknown sender. */
export type AddressColumns = {
  /**
   * The key for other systems: an e-mail address in lower case or a telephone's key. Null when the address is neither.
   */
  identityKey: string | null;
  /** The key that the address is compared by, where it is neither the identity key nor the address. */
  addressKey: string | null;
};

const longestKey = 4_000;

/** Returns the key of an address within its provider: the same for each spelling of the address. */
export function addressKey(provider: string, address: string, region: string | null = null): string {
  const { key } = formOf(provider)(address, region);
  return key.length <= longestKey ? key : address;
}

/** Returns whether the address has its provider's form. */
export const fitsProvider = (provider: string, address: string, region: string | null = null): boolean =>
  formOf(provider)(address, region).fits;

/** Returns the key of an e-mail address (lower case) or a telephone number across systems. Null when it is neither. */
export function identityKey(provider: string, address: string, region: string | null = null): string | null {
  const { key, identity } = formOf(provider)(address, region);
  return identity ? key : null;
}

/**
 * Returns whether the address could be a telephone number without its country. It is one only where a region is known.
 */
export const isNationalNumber = (provider: string, address: string): boolean =>
  !fitsProvider(provider, address) && isNational(address) && fitsProvider(provider, '+14155550100');

/** Returns what to store with an address, so that `comparedBy` gives its key. */
export function addressColumns(provider: string, address: string, region: string | null): AddressColumns {
  const key = addressKey(provider, address, region);
  const identity = identityKey(provider, address, region);
  return { identityKey: identity, addressKey: key === (identity ?? address) ? null : key };
}

/** SQL for addressKey of a `channel` or an `unknown_sender` under that alias. Both have an index on its digest. */
export const comparedBy = (alias: string): Fragment => {
  const a = name(alias);
  return sql`coalesce(${a}.address_key, ${a}.identity_key, ${a}.address)`;
};
