/** Providers that deliver only for a workspace that has connected them, by OAuth or by a bot's token. */
export const connectedProviders: readonly string[] = ['slack', 'teams', 'telegram', 'discord'];

/** Whether messages over the provider need a connected integration config. A provider not known here needs none. */
export const needsConnection = (provider: string): boolean => connectedProviders.includes(provider);
