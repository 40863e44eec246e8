import { z } from 'zod';
import {
  bodyAs,
  fromSeconds,
  notVerified,
  optionalText,
  type Reading,
  senderAddress,
  type WebhookProvider,
  type WebhookRequest,
} from './provider.ts';
import { hmac, isRecent, sameSecret } from './verify.ts';

const handshake = z.object({ type: z.literal('url_verification'), challenge: z.string().min(1).max(4_000) });
const callback = z.object({
  type: z.literal('event_callback'),
  event_id: z.string().min(1),
  event: z.object({
    type: z.string(),
    subtype: optionalText,
    user: senderAddress.nullish(),
    bot_id: optionalText,
    ts: optionalText,
  }),
});
// `app_rate_limited`, and whatever Slack thinks of next.
const other = z.object({ type: z.string() });

/** Messages that somebody wrote. The rest tell of changes to messages, of bots, and of comings and goings. */
const written: ReadonlySet<string> = new Set(['file_share', 'me_message', 'thread_broadcast']);

/** Slack's Events API, signed with the app's signing secret (`v0`); null refuses every delivery. */
export function slackWebhooks(signingSecret: string | null): WebhookProvider {
  return {
    unusable: signingSecret === null ? 'SLACK_SIGNING_SECRET is not set' : null,
    newSecret: () => null,
    verify({ headers, body, arrivedAt }) {
      const timestamp = headers.get('x-slack-request-timestamp');
      const signed = `v0=${hmac(signingSecret ?? '', `v0:${timestamp}:`, body).toString('hex')}`;
      const good = sameSecret(headers.get('x-slack-signature') ?? '', signed);
      if (signingSecret === null || !good || !isRecent(timestamp, arrivedAt)) throw notVerified();
    },
    read,
  };
}

function read(request: WebhookRequest): Reading {
  const { type } = bodyAs(other, request);
  if (type === 'url_verification') return { kind: 'handshake', answer: bodyAs(handshake, request).challenge };
  if (type !== 'event_callback') return { kind: 'nothing' };
  const { event, event_id: deliveryId } = bodyAs(callback, request);
  const isWritten = event.type === 'message' && (event.subtype == null || written.has(event.subtype));
  if (!isWritten || !event.user || event.bot_id) return { kind: 'nothing' };
  // Sent again, it has the same event_id, whatever X-Slack-Retry-Num says.
  return {
    kind: 'message',
    deliveryId,
    address: event.user,
    displayName: null,
    sentAt: fromSeconds(Number(event.ts ?? 'none')),
  };
}
