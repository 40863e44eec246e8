/** Providers that deliver only for a workspace that has connected them, by OAuth or by a bot's token. */
const connected: ReadonlySet<string> = new Set(['slack', 'teams', 'telegram', 'discord']);

/** Whether messages over the provider need a connected integration config. A provider not known here needs none. */
export const needsConnection = (provider: string): boolean => connected.has(provider);

/** Whether a webhook's key is for a whole integration config or for one binding: such providers as are connected deliver for all their workspace at once. */
export const webhookScope = (provider: string): 'PER_CONFIG' | 'PER_BINDING' =>
  connected.has(provider) ? 'PER_CONFIG' : 'PER_BINDING';
