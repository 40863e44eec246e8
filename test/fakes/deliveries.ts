import { createHmac, randomUUID } from 'node:crypto';

/** What a delivery is sent with, and what can be wrong with it. */
export type Sending = {
  /** Seconds that the sender's clock is ahead. */
  clock?: number;
  /** Signs with another secret. */
  secret?: string;
  /** Laid over the headers; null leaves one out. */
  headers?: Record<string, string | null>;
  /** Sent in place of what was signed. */
  body?: string;
};

const post = (url: string, body: string, headers: Record<string, string>, sending: Sending): Request => {
  const all = new Headers(headers);
  for (const [name, value] of Object.entries(sending.headers ?? {}))
    value === null ? all.delete(name) : all.set(name, value);
  return new Request(url, { method: 'POST', headers: all, body: sending.body ?? body });
};
const seconds = ({ clock = 0 }: Sending) => Math.floor(Date.now() / 1_000) + clock;
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);

export const slackSecret = '8f742231b10e8888abcd99yyyzzz85a5';

/**
 * A request of Slack's Events API, signed as https://docs.slack.dev/authentication/verifying-requests-from-slack says.
 */
export function fromSlack(url: string, payload: object, sending: Sending = {}): Request {
  const body = JSON.stringify(payload);
  const timestamp = seconds(sending);
  const signature = `v0=${hmac(sending.secret ?? slackSecret, `v0:${timestamp}:${body}`).digest('hex')}`;
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Slackbot 1.0 (+https://api.slack.com/robots)',
    'x-slack-request-timestamp': String(timestamp),
    'x-slack-signature': signature,
  };
  return post(url, body, headers, sending);
}

let messages = 0;
const tsByEvent = new Map<string, string>();
/** The `ts` of an event's message: unique in its channel, as Slack's are, and the same when the event is sent again. */
function tsOf(eventId: unknown): string {
  const known = tsByEvent.get(String(eventId));
  const ts = known ?? `${Math.floor(Date.now() / 1_000)}.${String(++messages % 1_000_000).padStart(6, '0')}`;
  tsByEvent.set(String(eventId), ts);
  return ts;
}

/** The payload of a message in Slack, as the Events API wraps it. */
export const slackMessage = (
  user: string | undefined,
  { eventId = `Ev${randomUUID()}`, ...event }: Record<string, unknown> = {},
) => ({
  token: 'XXYYZZ',
  team_id: 'T123ABC456',
  api_app_id: 'A123ABC456',
  event: {
    type: 'message',
    channel: 'C123ABC456',
    user,
    text: 'Live long and prosper.',
    ts: tsOf(eventId),
    event_ts: '1355517523.000005',
    channel_type: 'channel',
    ...event,
  },
  type: 'event_callback',
  event_id: eventId,
  event_time: 1355517523,
});

/** Another event of Slack's Events API, in its wrapper. */
export const slackEvent = (event: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  token: 'XXYYZZ',
  team_id: 'T123ABC456',
  api_app_id: 'A123ABC456',
  event: { event_ts: '1355517523.000005', ...event },
  type: 'event_callback',
  event_id: `Ev${randomUUID()}`,
  event_time: 1355517523,
  authorizations: [
    {
      enterprise_id: null,
      team_id: 'T123ABC456',
      user_id: 'U123ABC456',
      is_bot: true,
      is_enterprise_install: false,
    },
  ],
  is_ext_shared_channel: false,
  event_context: '4-eyJldCI6Im1lc3NhZ2UifQ',
  ...more,
});

/** An update of Telegram's Bot API, with the secret token that was given to setWebhook. */
export function fromTelegram(url: string, secret: string, update: object, sending: Sending = {}): Request {
  const headers = { 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': sending.secret ?? secret };
  return post(url, JSON.stringify(update), headers, sending);
}

let updates = 870_000_000;

/** The update for a private message. */
export const telegramMessage = (
  id: number,
  name: Record<string, string> = { first_name: 'Ada', last_name: 'Lovelace' },
) => ({
  update_id: ++updates,
  message: {
    message_id: 365,
    from: { id, is_bot: false, ...name, username: 'ada', language_code: 'en' },
    chat: { id, ...name, username: 'ada', type: 'private' },
    date: Math.floor(Date.now() / 1_000),
    text: 'Good morning',
  },
});

/** A delivery after https://www.standardwebhooks.com. */
export function fromGeneric(
  url: string,
  secret: string,
  payload: object,
  sending: Sending & { id?: string } = {},
): Request {
  const body = JSON.stringify(payload);
  const id = sending.id ?? `msg_${randomUUID()}`;
  const timestamp = seconds(sending);
  const key = Buffer.from((sending.secret ?? secret).replace('whsec_', ''), 'base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': `v1,${hmac(key, `${id}.${timestamp}.${body}`).digest('base64')}`,
  };
  return post(url, body, headers, sending);
}
