import { Problem } from '../../errors/catalogue.ts';

/**
 * Where a picture is, or the picture itself. A URL is the provider's word, still to be checked, and fetched without any
 * credential; what needs a credential, in a header or in the URL, the source fetches itself, so that it goes nowhere
 * else.
 */
export type Picture = { url: string } | { image: Uint8Array };

export type PictureRequest = {
  /** The integration config's token; null for a provider that needs none. */
  token: string | null;
  address: string;
};

/** A provider's way to a person's picture; one implementation a provider. */
export interface AvatarSource {
  /** The provider's name, as integration configs carry it. */
  readonly provider: string;
  /**
   * Asks the provider for the picture of the one at this address. Throws AVATAR_NOT_AVAILABLE,
   * INTEGRATION_NOT_CONNECTED (as TokenRefused where the token is at fault), PROVIDER_RATE_LIMITED,
   * PROVIDER_UNAVAILABLE or AVATAR_INVALID.
   */
  locate(request: PictureRequest): Promise<Picture>;
}

/** What every source that asks its provider needs. */
export type SourceOptions = {
  /** Where the provider's API is, with or without a slash at the end. */
  apiUrl: string;
  /** For all that one picture takes. */
  timeoutMs: number;
  /** How large a picture may be, in bytes. */
  largestImage: number;
};

/** For a picture that the source fetches itself: one that is larger is AVATAR_INVALID. */
export const imageLimit = (bytes: number) => ({
  bytes,
  problem: () => new Problem('AVATAR_INVALID', `The image is larger than ${bytes.toLocaleString('en')} bytes.`),
});
