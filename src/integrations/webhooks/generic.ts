import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  bodyAs,
  nameFrom,
  notVerified,
  type Reading,
  senderAddress,
  type WebhookProvider,
  type WebhookRequest,
} from './provider.ts';
import { hmac, isRecent, sameSecret } from './verify.ts';

const beginning = 'whsec_';
const mostSignatures = 10;

const delivery = z.object({
  from: senderAddress,
  name: z.string('must be text').nullish(),
  sentAt: z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time' }).nullish(),
});

/** Every provider that has no scheme of its own here: Standard Webhooks, with the sender as `from` in a JSON body. */
export const genericWebhooks: WebhookProvider = {
  unusable: null,
  newSecret: () => `${beginning}${randomBytes(32).toString('base64')}`,
  verify({ headers, body, secret, arrivedAt }) {
    const [id, timestamp] = [headers.get('webhook-id'), headers.get('webhook-timestamp')];
    const key = Buffer.from((secret ?? '').slice(beginning.length), 'base64');
    const signed = hmac(key, `${id}.${timestamp}.`, body).toString('base64');
    // Several while a sender changes its secret: one must be right.
    const given = (headers.get('webhook-signature') ?? '').split(' ').slice(0, mostSignatures);
    const good = given.map((signature) => signature.startsWith('v1,') && sameSecret(signature.slice(3), signed));
    if (!secret || !id || !good.includes(true) || !isRecent(timestamp, arrivedAt)) throw notVerified();
  },
  read(request: WebhookRequest): Reading {
    const { from, name, sentAt } = bodyAs(delivery, request);
    return {
      kind: 'message',
      deliveryId: request.headers.get('webhook-id') as string,
      address: from,
      displayName: nameFrom(name),
      sentAt: sentAt ? new Date(sentAt) : null,
    };
  },
};
