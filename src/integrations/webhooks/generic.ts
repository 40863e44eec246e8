import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  bodyAs,
  nameFrom,
  notVerified,
  optionalText,
  type Reading,
  senderAddress,
  type WebhookProvider,
  type WebhookRequest,
} from './provider.ts';
import { isoTime } from './times.ts';
import { hmac, isRecent, sameSecret } from './verify.ts';

const beginning = 'whsec_';
const maxSignatures = 10;

const delivery = z.object({
  from: senderAddress,
  name: optionalText,
  conversationName: optionalText,
  sentAt: optionalText,
});

/** Standard Webhooks, for every provider without a scheme of its own. The sender is `from` in a JSON body. */
export const genericWebhooks: WebhookProvider = {
  unusable: null,
  newSecret: () => `${beginning}${randomBytes(32).toString('base64')}`,
  verify({ headers, body, secrets, arrivedAt }) {
    const [id, timestamp] = [headers.get('webhook-id'), headers.get('webhook-timestamp')];
    // There are several signatures while a sender changes its secret. One must match an accepted secret.
    const given = (headers.get('webhook-signature') ?? '')
      .split(/\s+/)
      .slice(0, maxSignatures)
      .filter((signature) => signature.startsWith('v1,'))
      .map((signature) => Buffer.from(signature.slice(3), 'base64'));
    const signed = secrets.map((secret) => hmac(keyOf(secret), `${id}.${timestamp}.`, body));
    const good = given.flatMap((signature) => signed.map((right) => sameSecret(signature, right)));
    if (!id || !good.includes(true) || !isRecent(timestamp, arrivedAt)) throw notVerified();
  },
  read(request: WebhookRequest): Reading {
    const { from, name, conversationName, sentAt } = bodyAs(delivery, request);
    return {
      kind: 'message',
      deliveryId: request.headers.get('webhook-id') as string,
      address: from,
      publicName: null,
      displayName: nameFrom(name),
      conversationName: nameFrom(conversationName),
      sentAt: sentAt ? isoTime(sentAt) : null,
    };
  },
};

const keyOf = (secret: string) => Buffer.from(secret.slice(beginning.length), 'base64');
