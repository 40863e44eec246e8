import { type Fragment, name, sql } from '../database/sql/fragment.ts';
import { isNational } from '../values/phone-number.ts';
import { formOf } from './registry.ts';

/** What is stored with an address, of a channel and of an unknown sender. */
export type AddressColumns = {
  /**
   * An e-mail address in lower case or a telephone's key, as other systems are asked for it; null when the address is
   * neither.
   */
  identityKey: string | null;
  /** What the address is compared by, where that is neither the identity key nor the address itself. */
  addressKey: string | null;
};

const longestKey = 4_000;

/** What an address is compared by within its provider: the same for each spelling of one address. */
export function addressKey(provider: string, address: string, region: string | null = null): string {
  const { key } = formOf(provider)(address, region);
  return key.length <= longestKey ? key : address;
}

/** Whether the address has its provider's form. */
export const fitsProvider = (provider: string, address: string, region: string | null = null): boolean =>
  formOf(provider)(address, region).fits;

/**
 * The address as e-mail addresses (lower case) and telephone numbers are compared across systems, or null when it is
 * neither.
 */
export function identityKey(provider: string, address: string, region: string | null = null): string | null {
  const { key, identity } = formOf(provider)(address, region);
  return identity ? key : null;
}

/**
 * Whether the address could be a telephone number of a country that it doesn't name: it is one only where a region is
 * known.
 */
export const isNationalNumber = (provider: string, address: string): boolean =>
  !fitsProvider(provider, address) && isNational(address) && fitsProvider(provider, '+14155550100');

/** What is to be stored with an address, so that `comparedBy` gives its key. */
export function addressColumns(provider: string, address: string, region: string | null): AddressColumns {
  const key = addressKey(provider, address, region);
  const identity = identityKey(provider, address, region);
  return { identityKey: identity, addressKey: key === (identity ?? address) ? null : key };
}

/**
 * SQL for the key of a `channel` or an `unknown_sender` under that alias, as addressKey makes it; both are indexed by
 * its digest.
 */
export const comparedBy = (alias: string): Fragment => {
  const a = name(alias);
  return sql`coalesce(${a}.address_key, ${a}.identity_key, ${a}.address)`;
};
