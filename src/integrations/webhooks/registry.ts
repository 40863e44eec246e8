import type { WebhookProvider, WebhookProviders } from './provider.ts';

/** Returns the webhooks of these providers, and the generic one for all others. */
export function createWebhookProviders(
  named: Readonly<Record<string, WebhookProvider>>,
  rest: WebhookProvider,
): WebhookProviders {
  const byName = new Map(Object.entries(named));
  return (provider) => byName.get(provider) ?? rest;
}
