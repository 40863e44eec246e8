import { Problem } from '../errors/catalogue.ts';

/** INTEGRATION_NOT_CONNECTED for a token that the provider refuses. Missing permissions are another error. */
export class TokenRefused extends Problem {
  constructor(provider: string) {
    super('INTEGRATION_NOT_CONNECTED', `${provider} does not accept this integration’s token: connect it again.`);
  }
}

/** The problems of a provider, in words for callers. None quotes the provider: its answers may hold tokens. */
export const providerProblems = (provider: string) => ({
  noPicture: () =>
    new Problem(
      'AVATAR_NOT_AVAILABLE',
      `${provider} has no picture for this address: it is a group, a channel, unknown, or has the default.`,
    ),
  refused: () => new TokenRefused(provider),
  notPermitted: () =>
    new Problem(
      'INTEGRATION_NOT_CONNECTED',
      `${provider} does not permit this with the integration’s token: connect it again.`,
    ),
  rateLimited: (retryAfter: number) =>
    new Problem('PROVIDER_RATE_LIMITED', `${provider} asks to wait before asking again.`, { retryAfter }),
  late: () => new Problem('PROVIDER_UNAVAILABLE', `${provider} took too long to answer.`, { status: 504 }),
  failed: (cause?: unknown) =>
    new Problem('PROVIDER_UNAVAILABLE', `${provider} could not be asked, or failed to answer.`, { cause }),
  status: (status: number) => new Problem('PROVIDER_UNAVAILABLE', `${provider} answered with HTTP status ${status}.`),
  unexpected: () => new Problem('PROVIDER_UNAVAILABLE', `${provider}’s answer was not of the form it documents.`),
});
