/** What a provider's rules say of an address. */
export type ReadAddress = {
  /** Whether it has the provider's form. */
  fits: boolean;
  /** The key that it is compared by: the same for each spelling. */
  key: string;
  /** Whether the key is an e-mail address or a telephone number, which other systems know too. */
  identity: boolean;
};

/** Reads a provider's addresses. A number without a plus belongs to the region (ISO 3166), if there is one. */
export type AddressForm = (address: string, region: string | null) => ReadAddress;

/** Addresses of one provider only. They are trimmed and otherwise compared unchanged. */
export const ownAddresses =
  (fits: (address: string) => boolean, keyOf: (address: string) => string = (address) => address): AddressForm =>
  (address) => ({ fits: fits(address), key: keyOf(address.trim()), identity: false });
