import type { Logger } from 'pino';
import type { GroupCommit } from '../database/group-commit.ts';
import { Problem } from '../errors/catalogue.ts';
import { noSuchWebhook, type OpenWebhook, type WebhookAuthenticator } from '../integrations/webhooks/authenticator.ts';
import type { Move } from '../integrations/webhooks/moves.ts';
import type { WebhookProvider, WebhookProviders } from '../integrations/webhooks/provider.ts';
import { type Delivery, type Outcome, sentAt, storedDeliveryId } from '../integrations/webhooks/record.ts';
import type { WorkspaceOf } from '../integrations/webhooks/workspaces.ts';
import { textResponse } from './responses.ts';

/** Bytes of one delivery, and of all deliveries that are being read. */
const largestDelivery = 256_000;
const largestTogether = 64_000_000;
/** Bytes that are read of a refused delivery while its sender gets the answer. */
const maxForgotten = 2_000_000;

export type HooksOptions = {
  webhooks: WebhookAuthenticator;
  providers: WebhookProviders;
  workspaceOf: WorkspaceOf;
  deliveries: GroupCommit<Delivery, Outcome>;
  /** Moves a tenant's channels from one address to another. */
  move(tenantId: string, move: Move): Promise<void>;
  /** Called with the outcome of each request. */
  report(outcome: Lowercase<Outcome> | 'handshake' | 'ignored' | 'moved' | 'refused'): void;
  /** Called with each refused delivery: its provider, and a code of the catalogue. */
  refused(fields: { provider: string; code: string }): void;
  /** The clock that all replicas share. */
  now(): Date;
  log: Logger;
};

/** Receives providers' deliveries. */
export type Hooks = (request: Request, provider: string, key: string) => Promise<Response>;

/**
 * Receives a delivery: checks its key, then its signature, then reads it. It is acknowledged after the commit. No
 * answer and no log line holds a key or says why a key does not work.
 */
export function createHooks(options: HooksOptions): Hooks {
  const { webhooks, providers, workspaceOf, deliveries, move, report, refused, now, log } = options;
  const readBody = bodyReader();
  const reported = new Set<string>();

  function usable(provider: string): WebhookProvider {
    const webhook = providers(provider);
    if (webhook.unusable === null) return webhook;
    if (!reported.has(provider)) log.error({ provider }, `deliveries are refused: ${webhook.unusable}`);
    reported.add(provider);
    throw new Problem('UNAVAILABLE', `Deliveries cannot be verified here: ${webhook.unusable}.`, { retryAfter: 60 });
  }

  /** A function of its own, so that the body can be freed while its message waits to be written. */
  async function read(request: Request, webhook: WebhookProvider, opened: OpenWebhook) {
    const arrivedAt = now();
    const secrets = opened.signingSecrets
      .filter(({ endsAt }) => endsAt === null || endsAt > arrivedAt.getTime())
      .map(({ value }) => value);
    const { workspaceId } = opened;
    const whole = { headers: request.headers, body: await readBody(request), secrets, workspaceId, arrivedAt };
    webhook.verify(whole);
    // Asked only once the delivery is known to be the provider's.
    return { reading: webhook.read({ ...whole, workspaceId: await workspaceOf(opened, webhook) }), arrivedAt };
  }

  async function take(request: Request, provider: string, key: string): Promise<Response> {
    if (request.method !== 'POST')
      throw new Problem('METHOD_NOT_ALLOWED', `${request.method} is not for webhooks: use POST.`);
    if (Number(request.headers.get('content-length')) > largestDelivery) throw tooLarge();
    const opened = await webhooks.authenticate(provider, key);
    const { keyId, tenantId, integrationConfigId, agentId, defaultRegion } = opened;
    const { reading, arrivedAt } = await read(request, usable(provider), opened);
    if (reading.kind === 'handshake') {
      report('handshake');
      return textResponse(200, reading.answer);
    }
    if (reading.kind === 'nothing') {
      report('ignored');
      return textResponse(200, '');
    }
    if (reading.kind === 'moved') {
      await move(tenantId, { keyId, integrationConfigId, provider, from: reading.from, to: reading.to });
      report('moved');
      return textResponse(200, '');
    }
    const outcome = await deliveries.submit({
      keyId,
      tenantId,
      integrationConfigId,
      provider,
      defaultRegion,
      agentId,
      deliveryId: storedDeliveryId(reading.deliveryId),
      address: reading.address,
      publicName: reading.publicName,
      displayName: reading.displayName,
      conversationName: reading.conversationName,
      at: sentAt(reading.sentAt, arrivedAt),
    });
    if (outcome === 'KEY_ENDED') {
      webhooks.forget(keyId);
      throw noSuchWebhook();
    }
    report(outcome === 'COUNTED' ? 'counted' : outcome === 'DROPPED' ? 'dropped' : 'duplicate');
    return textResponse(200, '');
  }

  return async (request, provider, key) => {
    try {
      return await take(request, provider, key);
    } catch (error) {
      report('refused');
      refused({ provider: provider.slice(0, 50), code: error instanceof Problem ? error.code : 'INTERNAL' });
      throw error;
    }
  };
}

const tooLarge = () =>
  new Problem('RESULT_TOO_LARGE', `A delivery may have ${largestDelivery.toLocaleString('en')} bytes, no more.`);

/** Reads bodies up to the limit, and refuses more when too many are being read. */
function bodyReader(): (request: Request) => Promise<Buffer> {
  let held = 0;
  return async ({ body }) => {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const coming = (body as AsyncIterable<Uint8Array> | null)?.[Symbol.asyncIterator]();
    try {
      for (let next = await coming?.next(); next && !next.done; next = await coming?.next()) {
        length += next.value.byteLength;
        held += next.value.byteLength;
        if (length <= largestDelivery && held <= largestTogether) {
          chunks.push(next.value);
          continue;
        }
        // To end the reading is to close the connection, and a client that is still sending would not read the answer.
        if (coming) void forget(coming);
        throw length > largestDelivery
          ? tooLarge()
          : new Problem('UNAVAILABLE', 'Too much is being read.', { retryAfter: 5 });
      }
      return Buffer.concat(chunks, length);
    } finally {
      held -= length;
    }
  };
}

/** Reads on and keeps nothing, as far as that goes, and then closes the connection. */
async function forget(coming: AsyncIterator<Uint8Array>): Promise<void> {
  try {
    for (let left = maxForgotten; left > 0; ) {
      const next = await coming.next();
      if (next.done) return;
      left -= next.value.byteLength;
    }
    await coming.return?.();
  } catch {
    // The client has left.
  }
}
