/** Providers that deliver only for a workspace that has connected them, by OAuth or by a bot's token. */
export const connectedProviders: readonly string[] = ['slack', 'teams', 'telegram', 'discord'];

/** Returns whether messages over the provider need a connected integration config. An unknown provider needs none. */
export const needsConnection = (provider: string): boolean => connectedProviders.includes(provider);

/**
 * Returns whether a webhook's key is for a whole integration config or for one binding. Connected providers deliver for
 * their whole workspace.
 */
export const webhookScope = (provider: string): 'PER_CONFIG' | 'PER_BINDING' =>
  connectedProviders.includes(provider) ? 'PER_CONFIG' : 'PER_BINDING';
