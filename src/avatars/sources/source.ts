/** A provider's way to a person's picture; one implementation a provider. */
export interface AvatarSource {
  /** The provider's name, as integration configs carry it. */
  readonly provider: string;
  /**
   * Asks the provider where the picture of the one at this address lies; the URL is the provider's word and still to be checked.
   * Throws AVATAR_NOT_AVAILABLE, INTEGRATION_NOT_CONNECTED, PROVIDER_RATE_LIMITED or PROVIDER_UNAVAILABLE.
   */
  locate(request: { token: string; address: string }): Promise<{ url: string }>;
}
