/** What is known of an address by its provider's rules. */
export type ReadAddress = {
  /** Whether it has the provider's form. */
  fits: boolean;
  /** What it is compared by: the same for each spelling of one address. */
  key: string;
  /** Whether the key is an e-mail address or a telephone number, which other systems know too. */
  identity: boolean;
};

/** How a provider's addresses are read. Numbers without a plus are the region's (ISO 3166), where there is one. */
export type AddressForm = (address: string, region: string | null) => ReadAddress;

/** Addresses that mean something to one provider only, compared as they are but for white space around them. */
export const ownAddresses =
  (fits: (address: string) => boolean, keyOf: (address: string) => string = (address) => address): AddressForm =>
  (address) => ({ fits: fits(address), key: keyOf(address.trim()), identity: false });
