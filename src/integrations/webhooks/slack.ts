import { z } from 'zod';
import { Problem } from '../../errors/catalogue.ts';
import {
  bodyAs,
  fromSeconds,
  notVerified,
  optionalFlag,
  optionalText,
  type Reading,
  type WebhookProvider,
  type WebhookRequest,
} from './provider.ts';
import { hmac, isRecent, sameSecret } from './verify.ts';

const handshake = z.object({ type: z.literal('url_verification'), challenge: z.string().min(1).max(4_000) });
// Every callback has these members. The others depend on the event's type, so the type is read first.
const callback = z.object({
  event: z.object({ type: z.string(), subtype: optionalText }),
  team_id: optionalText,
  enterprise_id: optionalText,
  context_team_id: optionalText,
  is_ext_shared_channel: optionalFlag,
  authorizations: z
    .array(z.object({ team_id: optionalText, enterprise_id: optionalText }))
    .nullish()
    .catch(null),
});
// An event's `user` is an id, or in some types an object.
const message = z.object({
  event_id: z.string().min(1),
  event: z.object({
    user: optionalText,
    bot_id: optionalText,
    hidden: optionalFlag,
    channel: optionalText,
    ts: optionalText,
    client_msg_id: optionalText,
  }),
});
const other = z.object({ type: z.string() });

/**
 * The subtypes of messages from people. Messages without a subtype are too. All other subtypes report something else:
 * changes of messages (`message_changed`, `message_deleted`, `message_replied`), bots (`bot_message`,
 * `slackbot_response`), people who come and go, topics, pins, huddles, reminders, canvases. `reply_broadcast` and
 * `file_comment` accompany messages that are delivered themselves.
 */
const written: ReadonlySet<string> = new Set(['file_share', 'me_message', 'thread_broadcast']);

/** Slack's own bot, which has the id of a person. */
const slackbot = 'USLACKBOT';

/** Slack's Events API, signed with the app's signing secret (`v0`). Null refuses every delivery. */
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
  // `app_rate_limited`, and any future type.
  if (type !== 'event_callback') return { kind: 'nothing' };
  const called = bodyAs(callback, request);
  demandWorkspace(called, request.workspaceId);
  const { type: eventType, subtype } = called.event;
  if (eventType !== 'message' || (subtype && !written.has(subtype))) return { kind: 'nothing' };
  const { event_id, event } = bodyAs(message, request);
  const { user, bot_id, hidden, channel, ts, client_msg_id } = event;
  if (!user || user === slackbot || user.length > 255 || bot_id || hidden) return { kind: 'nothing' };
  // The same message comes with several event ids where the app gets it in several ways. In a channel it has one `ts`.
  const place = `${called.team_id ?? ''}/${channel ?? ''}`;
  const deliveryId = channel && ts ? `${place}/${ts}/${user}` : client_msg_id ? `${place}/${client_msg_id}` : event_id;
  return {
    kind: 'message',
    deliveryId,
    address: user,
    publicName: null,
    displayName: null,
    conversationName: null,
    sentAt: fromSeconds(Number(ts || 'none')),
  };
}

/**
 * Slack sends an app's deliveries of all workspaces to one URL, so the signature does not identify the workspace. In a
 * channel that organisations share, `team_id` may be the other organisation's. Then the authorizations name the
 * workspace.
 */
function demandWorkspace(
  { team_id, enterprise_id, context_team_id, is_ext_shared_channel, authorizations }: z.infer<typeof callback>,
  workspaceId: string | null,
): void {
  if (workspaceId === null || !team_id) return;
  // An app that is installed for a whole Enterprise organisation is connected to the organisation.
  const named = [team_id, enterprise_id];
  if (is_ext_shared_channel) {
    named.push(context_team_id);
    for (const authorization of authorizations ?? []) named.push(authorization.team_id, authorization.enterprise_id);
  }
  if (!named.includes(workspaceId))
    throw new Problem('FORBIDDEN', 'The delivery is of another workspace than the one that is connected.');
}
