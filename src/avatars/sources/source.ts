import { Problem } from '../../errors/catalogue.ts';

/**
 * A picture, or its URL. A URL is fetched without any credential, after its address was checked. A source fetches a
 * picture that needs a credential, in a header or in the URL, itself, so that the credential goes nowhere else.
 */
export type Picture = { url: string } | { image: Uint8Array };

export type PictureRequest = {
  /** The integration config's token. Null for a provider that needs none. */
  token: string | null;
  address: string;
};

/** Gets pictures from one provider. */
export interface AvatarSource {
  /** The provider's name in integration configs. */
  readonly provider: string;
  /**
   * Asks the provider for the picture of an address. Throws AVATAR_NOT_AVAILABLE, INTEGRATION_NOT_CONNECTED (as
   * TokenRefused when the token is invalid), PROVIDER_RATE_LIMITED, PROVIDER_UNAVAILABLE or AVATAR_INVALID.
   */
  locate(request: PictureRequest): Promise<Picture>;
}

/** What every source needs to ask its provider. */
export type SourceOptions = {
  /** The API's base URL, with or without a slash at the end. */
  apiUrl: string;
  /** The deadline of everything that one picture takes. */
  timeoutMs: number;
  /** The bound of a picture in bytes. */
  largestImage: number;
};

/** Returns AVATAR_INVALID for a picture over the bound that the source fetches itself. */
export const imageLimit = (bytes: number) => ({
  bytes,
  problem: () => new Problem('AVATAR_INVALID', `The image is larger than ${bytes.toLocaleString('en')} bytes.`),
});
