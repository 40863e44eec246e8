/** Providers that deliver only for a workspace that has connected them, by OAuth or by a bot's token. */
const connected: ReadonlySet<string> = new Set(['slack', 'teams', 'telegram', 'discord']);

/** Whether messages over the provider need a connected integration config. A provider not known here needs none. */
export const needsConnection = (provider: string): boolean => connected.has(provider);
