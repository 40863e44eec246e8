import type { WebhookProvider, WebhookProviders } from './provider.ts';

/** The webhooks of the providers named, and one way for all the rest. */
export function createWebhookProviders(
  named: Readonly<Record<string, WebhookProvider>>,
  rest: WebhookProvider,
): WebhookProviders {
  const byName = new Map(Object.entries(named));
  return (provider) => byName.get(provider) ?? rest;
}
