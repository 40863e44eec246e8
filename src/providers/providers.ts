/** Providers that deliver only for a workspace that has connected them, by OAuth or by a bot's token. */
export const connectedProviders: readonly string[] = ['slack', 'teams', 'telegram', 'discord'];

/** Whether messages over the provider need a connected integration config. A provider not known here needs none. */
export const needsConnection = (provider: string): boolean => connectedProviders.includes(provider);

/**
 * Whether a webhook's key is for a whole integration config or for one binding: such providers as are connected deliver
 * for all their workspace at once.
 */
export const webhookScope = (provider: string): 'PER_CONFIG' | 'PER_BINDING' =>
  connectedProviders.includes(provider) ? 'PER_CONFIG' : 'PER_BINDING';
