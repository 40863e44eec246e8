import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import {
  fromGeneric,
  fromSlack,
  fromTelegram,
  slackMessage,
  slackSecret,
  telegramMessage,
} from '../fakes/deliveries.ts';
import { rowsOf } from '../tenants/world.ts';
import { bindingOf, channelsOf, countsOf, generate, rotate, unknownSenders, type Webhook } from './webhooks.ts';

// Over the network, as providers come.
let service: TestApp;
beforeAll(async () => {
  service = await startApp({ PORT: '0', SLACK_SIGNING_SECRET: slackSecret });
  await service.app.listen();
});
afterAll(() => service.close());

/** Somebody with a channel of that address, at a new config with a webhook. */
async function contact(provider: string, address: string) {
  const agent = await createAgent(service.tenant);
  const config = await createConfig(service.tenant, provider);
  const participant = await createParticipant(service.tenant, {
    agentIds: [agent],
    channels: [{ integrationConfigId: config, address }],
  });
  const binding = await bindingOf(service.tenant, participant);
  return { agent, config, participant, binding, webhook: await generate(service.tenant, { bindingId: binding }) };
}

const answerOf = async (request: Request) => {
  const response = await fetch(request);
  const text = await response.text();
  const type = response.headers.get('content-type') ?? '';
  return {
    status: response.status,
    text,
    code: type.startsWith('application/problem+json') ? JSON.parse(text).code : null,
  };
};
const state = async (participant: string) => (await channelsOf(service.tenant, participant))[0]!;
const everything = () => rowsOf(service.app.database, service.tenant.id);
const secondsAgo = (then: string | null) => (Date.now() - new Date(then ?? 0).getTime()) / 1_000;

describe('Slack', () => {
  test('is answered its handshake, once it is shown to be Slack', async () => {
    const { webhook } = await contact('slack', 'U0HANDSHAKE');
    const handshake = {
      token: 'Jhj5dZrVaK7ZwHHjRyZWjbDl',
      challenge: '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P',
      type: 'url_verification',
    };
    expect(await answerOf(fromSlack(webhook.url, handshake))).toMatchObject({ status: 200, text: handshake.challenge });
    expect(await answerOf(fromSlack(webhook.url, handshake, { secret: 'another secret altogether' }))).toMatchObject({
      status: 401,
    });
  });

  test('delivers messages, each counted once however often it is sent', async () => {
    const { webhook, participant } = await contact('slack', 'U061F7AUR');
    const message = slackMessage('U061F7AUR');
    expect(await answerOf(fromSlack(webhook.url, message))).toMatchObject({ status: 200 });
    for (const [number, reason] of ['http_timeout', 'http_error', 'unknown_error'].entries()) {
      const headers = { 'x-slack-retry-num': String(number + 1), 'x-slack-retry-reason': reason };
      expect(await answerOf(fromSlack(webhook.url, message, { headers }))).toMatchObject({ status: 200 });
    }
    const { messageCount, lastMessageAt } = await state(participant);
    expect(messageCount).toBe(1);
    expect(secondsAgo(lastMessageAt)).toBeLessThan(60);
    expect(Math.floor(Date.parse(lastMessageAt!) / 1_000)).toBe(Number(message.event.ts.split('.')[0]));

    for (const subtype of [undefined, 'file_share', 'thread_broadcast', 'me_message'])
      expect((await answerOf(fromSlack(webhook.url, slackMessage('U061F7AUR', { subtype })))).status).toBe(200);
    expect((await state(participant)).messageCount).toBe(5);
  });

  test('delivers much that is no message of anybody’s, which is acknowledged and not recorded', async () => {
    const { webhook } = await contact('slack', 'U0QUIET');
    const before = await everything();
    const others = [
      slackMessage('U0QUIET', { subtype: 'bot_message', bot_id: 'B1' }),
      slackMessage('U0QUIET', { bot_id: 'B1' }),
      slackMessage('U0QUIET', { subtype: 'message_changed' }),
      slackMessage('U0QUIET', { subtype: 'message_deleted' }),
      slackMessage('U0QUIET', { subtype: 'channel_join' }),
      slackMessage(undefined),
      slackMessage('U0QUIET', { type: 'reaction_added' }),
      { type: 'app_rate_limited', team_id: 'T1', minute_rate_limited: 1518467820, api_app_id: 'A1' },
    ];
    for (const other of others)
      expect(await answerOf(fromSlack(webhook.url, other))).toMatchObject({ status: 200, text: '' });
    expect(await everything()).toEqual(before);
  });
});

describe('Telegram', () => {
  test('delivers updates with the secret token', async () => {
    const { webhook, participant } = await contact('telegram', '1111111');
    const update = telegramMessage(1111111);
    for (let time = 0; time < 3; time += 1)
      expect(await answerOf(fromTelegram(webhook.url, webhook.secret, update))).toMatchObject({ status: 200 });
    expect(await countsOf(service.tenant, participant)).toEqual([1]);
    expect(secondsAgo((await state(participant)).lastMessageAt)).toBeLessThan(60);
  });

  test('delivers posts of channels, and tells who is unknown by name', async () => {
    const { webhook, agent, config } = await contact('telegram', '1111112');
    const chat = { id: -1001234567890, title: 'Company news', type: 'channel' };
    const post = { message_id: 1, sender_chat: chat, chat, date: 1_700_000_000, text: 'News' };
    await answerOf(fromTelegram(webhook.url, webhook.secret, { update_id: 1, channel_post: post }));
    await answerOf(
      fromTelegram(webhook.url, webhook.secret, telegramMessage(2222222, { first_name: 'Grace', last_name: 'Hopper' })),
    );
    // An edit is not another message, and a bot is nobody.
    const { message } = telegramMessage(3333333);
    await answerOf(fromTelegram(webhook.url, webhook.secret, { update_id: 2, edited_message: message }));
    await answerOf(
      fromTelegram(webhook.url, webhook.secret, {
        update_id: 3,
        message: { ...message, from: { ...message.from, is_bot: true } },
      }),
    );
    await answerOf(fromTelegram(webhook.url, webhook.secret, { update_id: 4, poll: { id: '1' } }));
    const found = await unknownSenders(service.tenant, { integrationConfigId: config });
    expect(
      found
        .map(({ address, displayName, agentId, messageCount }) => [address, displayName, agentId, messageCount])
        .sort(),
    ).toEqual([
      ['-1001234567890', 'Company news', agent, 1],
      ['2222222', 'Grace Hopper', agent, 1],
    ]);
  });

  test('is refused without the secret token, or with another', async () => {
    const { webhook } = await contact('telegram', '1111113');
    const before = await everything();
    for (const secret of ['', 'x', `${webhook.secret}x`, webhook.secret.slice(1)])
      expect(await answerOf(fromTelegram(webhook.url, secret, telegramMessage(1)))).toMatchObject({
        status: 401,
        code: 'UNAUTHENTICATED',
      });
    const none = { headers: { 'x-telegram-bot-api-secret-token': null } };
    expect(await answerOf(fromTelegram(webhook.url, webhook.secret, telegramMessage(1), none))).toMatchObject({
      status: 401,
    });
    expect(await everything()).toEqual(before);
  });
});

describe('every other provider', () => {
  test('delivers signed JSON with the sender’s address', async () => {
    const { webhook, participant } = await contact('whatsapp', '+1 415 555 0100');
    const sentAt = new Date(Date.now() - 60_000).toISOString();
    expect(
      await answerOf(fromGeneric(webhook.url, webhook.secret, { from: '14155550100', sentAt }, { id: 'msg_1' })),
    ).toMatchObject({ status: 200 });
    expect(await state(participant)).toEqual({ address: '+1 415 555 0100', messageCount: 1, lastMessageAt: sentAt });
    // The same delivery, and then another that was sent earlier.
    await answerOf(fromGeneric(webhook.url, webhook.secret, { from: '14155550100' }, { id: 'msg_1' }));
    await answerOf(
      fromGeneric(webhook.url, webhook.secret, {
        from: '+14155550100',
        sentAt: new Date(Date.now() - 120_000).toISOString(),
      }),
    );
    expect(await state(participant)).toEqual({ address: '+1 415 555 0100', messageCount: 2, lastMessageAt: sentAt });
  });

  test('may be signed with several secrets, of which one is right', async () => {
    const { webhook, participant } = await contact('email', 'Ada@Example.com');
    const request = fromGeneric(webhook.url, webhook.secret, { from: 'ada@example.COM' });
    const right = request.headers.get('webhook-signature');
    request.headers.set('webhook-signature', `v1a,abc v1,wrong ${right}`);
    expect((await answerOf(request)).status).toBe(200);
    expect(await countsOf(service.tenant, participant)).toEqual([1]);
  });

  test('is believed about the time only in the past, and not for long', async () => {
    const { webhook, participant } = await contact('sms', '+14155550177');
    for (const sentAt of ['2999-01-01T00:00:00Z', '1999-01-01T00:00:00Z']) {
      await answerOf(fromGeneric(webhook.url, webhook.secret, { from: '+14155550177', sentAt }));
      expect(Math.abs(secondsAgo((await state(participant)).lastMessageAt))).toBeLessThan(60);
    }
  });

  test('may call deliveries what it likes', async () => {
    const { webhook, participant } = await contact('sms', '+14155550178');
    const ids = ['x'.repeat(255), 'x'.repeat(256), `${'x'.repeat(255)}y`, 'ümlaut'];
    for (const id of [...ids, ...ids])
      expect(
        (await answerOf(fromGeneric(webhook.url, webhook.secret, { from: '+14155550178' }, { id: encodeURI(id) })))
          .status,
      ).toBe(200);
    expect(await countsOf(service.tenant, participant)).toEqual([4]);
  });
});

describe('what is refused', () => {
  let webhook: Webhook;
  let slack: Webhook;
  beforeAll(async () => {
    webhook = (await contact('sms', '+14155550100')).webhook;
    slack = (await contact('slack', 'U0REFUSED')).webhook;
  });
  const from = { from: '+14155550100' };
  const message = slackMessage('U0REFUSED');

  const refusals: [string, () => Request, number, string][] = [
    [
      'another secret',
      () => fromGeneric(webhook.url, webhook.secret, from, { secret: 'whsec_AAAA' }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'another body',
      () => fromGeneric(webhook.url, webhook.secret, from, { body: '{"from":"+14155550101"}' }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'another id',
      () => fromGeneric(webhook.url, webhook.secret, from, { headers: { 'webhook-id': 'msg_other' } }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'no id',
      () => fromGeneric(webhook.url, webhook.secret, from, { headers: { 'webhook-id': null } }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'no signature',
      () => fromGeneric(webhook.url, webhook.secret, from, { headers: { 'webhook-signature': null } }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'no timestamp',
      () => fromGeneric(webhook.url, webhook.secret, from, { headers: { 'webhook-timestamp': null } }),
      401,
      'UNAUTHENTICATED',
    ],
    ['an old timestamp', () => fromGeneric(webhook.url, webhook.secret, from, { clock: -310 }), 401, 'UNAUTHENTICATED'],
    [
      'a future timestamp',
      () => fromGeneric(webhook.url, webhook.secret, from, { clock: 310 }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'Slack: another secret',
      () => fromSlack(slack.url, message, { secret: 'another secret altogether' }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'Slack: another body',
      () => fromSlack(slack.url, message, { body: JSON.stringify(slackMessage('U0OTHER')) }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'Slack: no signature',
      () => fromSlack(slack.url, message, { headers: { 'x-slack-signature': null } }),
      401,
      'UNAUTHENTICATED',
    ],
    [
      'Slack: no timestamp',
      () => fromSlack(slack.url, message, { headers: { 'x-slack-request-timestamp': null } }),
      401,
      'UNAUTHENTICATED',
    ],
    ['Slack: an old timestamp', () => fromSlack(slack.url, message, { clock: -310 }), 401, 'UNAUTHENTICATED'],
    ['Slack: a future timestamp', () => fromSlack(slack.url, message, { clock: 310 }), 401, 'UNAUTHENTICATED'],
    ['no address', () => fromGeneric(webhook.url, webhook.secret, {}), 400, 'VALIDATION_FAILED'],
    ['an empty address', () => fromGeneric(webhook.url, webhook.secret, { from: '' }), 400, 'VALIDATION_FAILED'],
    [
      'a long address',
      () => fromGeneric(webhook.url, webhook.secret, { from: 'a'.repeat(4_001) }),
      400,
      'VALIDATION_FAILED',
    ],
    [
      'an address that is no text',
      () => fromGeneric(webhook.url, webhook.secret, { from: 'a\0\ud800' }),
      400,
      'VALIDATION_FAILED',
    ],
    ['a list', () => fromGeneric(webhook.url, webhook.secret, []), 400, 'VALIDATION_FAILED'],
    [
      'Slack: no event',
      () => fromSlack(slack.url, { type: 'event_callback', event_id: 'Ev1' }),
      400,
      'VALIDATION_FAILED',
    ],
    ['Slack: no event id', () => fromSlack(slack.url, { ...message, event_id: undefined }), 400, 'VALIDATION_FAILED'],
    ['Slack: no challenge', () => fromSlack(slack.url, { type: 'url_verification' }), 400, 'VALIDATION_FAILED'],
    [
      'a huge body',
      () => fromGeneric(webhook.url, webhook.secret, { ...from, text: 'x'.repeat(256_000) }),
      413,
      'RESULT_TOO_LARGE',
    ],
    ['a path beyond', () => fromGeneric(`${webhook.url}/more`, webhook.secret, from), 404, 'NOT_FOUND'],
    ['no key', () => fromGeneric(webhook.url.replace(/\/rcw_.*/, ''), webhook.secret, from), 404, 'NOT_FOUND'],
  ];

  test.each(refusals)('%s', async (_, request, status, code) => {
    const before = await everything();
    const answer = await answerOf(request());
    expect(answer).toMatchObject({ status, code });
    expect(answer.text).not.toContain('rcw_');
    expect(await everything()).toEqual(before);
  });

  test('bodies that are not JSON', async () => {
    const before = await everything();
    for (const body of ['', 'x', '{"from":', Buffer.from([0xff, 0xfe])]) {
      const telegram = (await contact('telegram', '5')).webhook;
      const headers = { 'x-telegram-bot-api-secret-token': telegram.secret };
      expect(await answerOf(new Request(telegram.url, { method: 'POST', body, headers }))).toMatchObject({
        status: 400,
        code: 'BAD_USER_INPUT',
      });
    }
    expect((await everything())['webhook_delivery']).toEqual(before['webhook_delivery']);
  });

  test('a huge body that declares no length, without being read to its end', async () => {
    let sent = 0;
    const body = new ReadableStream({
      pull(controller) {
        sent += 64_000;
        if (sent > 50_000_000) controller.close();
        else controller.enqueue(new Uint8Array(64_000));
      },
    });
    const { app } = service;
    const headers = { 'transfer-encoding': 'chunked' };
    const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
    const answer = await app.fetch(new Request(webhook.url, init));
    expect(answer.status).toBe(413);
    expect(sent).toBeLessThan(3_000_000);
  });

  test('a body that declares no length, and is somewhat larger than it may be', async () => {
    const { app } = service;
    const body = new Blob([new Uint8Array(1_000_000)]).stream();
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit;
    const answer = await answerOf(new Request(webhook.url, init));
    expect(answer).toMatchObject({ status: 413, code: 'RESULT_TOO_LARGE' });
    expect((await app.fetch(new Request(webhook.url))).status).toBe(405);
  });

  test.each(['GET', 'HEAD', 'PUT', 'DELETE', 'PATCH'])('%s', async (method) => {
    for (const url of [webhook.url, webhook.url.replace(/rcw_.*/, 'nothing')])
      expect((await fetch(url, { method })).status).toBe(405);
  });

  test('every key that doesn’t work, with the same answer', async () => {
    const { webhook: ended, binding } = await contact('sms', '+14155550109');
    await rotate(service.tenant, { bindingId: binding });
    const before = await everything();
    const key = webhook.url.split('/').at(-1)!;
    const urls = [
      ended.url,
      // Another secret under a prefix that exists, and one that doesn't.
      webhook.url.slice(0, -4) + (webhook.url.endsWith('AAAA') ? 'BBBB' : 'AAAA'),
      webhook.url.replace(/rcw_[0-9a-f]{12}/, 'rcw_000000000000'),
      webhook.url.replace(/rcw_.*/, 'nonsense'),
      webhook.url.replace(/rcw_.*/, '%00'),
      webhook.url.replace(/rcw_.*/, 'x'.repeat(5_000)),
      // The right key under another provider's name.
      webhook.url.replace('/sms/', '/slack/'),
      webhook.url.replace('/sms/', '/email/'),
      webhook.url.replace('/sms/', '/SMS/'),
    ];
    const answers = await Promise.all(
      urls.map(async (url) => {
        const response = await fetch(fromGeneric(url, webhook.secret, from));
        const { instance: _, ...body } = (await response.json()) as Record<string, unknown>;
        const headers = [...response.headers].filter(([name]) => !['date', 'x-request-id'].includes(name));
        return { status: response.status, body, headers };
      }),
    );
    expect(answers[0]).toMatchObject({ status: 404, body: { code: 'KEY_NOT_FOUND' } });
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(JSON.stringify(answers)).not.toContain(key);
    expect(await everything()).toEqual(before);
  });
});

test('Slack is refused altogether where its signing secret is not known', async () => {
  const without = await startApp();
  const config = await createConfig(without.tenant, 'slack');
  const { url } = await generate(without.tenant, { integrationConfigId: config });
  for (const secret of [slackSecret, '', 'null', 'undefined']) {
    const answer = await without.app.fetch(fromSlack(url, slackMessage('U061F7AUR'), { secret }));
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 60 });
  }
  expect((await rowsOf(without.app.database, without.tenant.id))['webhook_delivery']).toEqual([]);
  await without.close();
});

test('deliveries are not held to the viewers’ rate', async () => {
  const limited = await startApp({ RATE_LIMIT: '20', SLACK_SIGNING_SECRET: slackSecret });
  const config = await createConfig(limited.tenant, 'slack');
  const { url } = await generate(limited.tenant, { integrationConfigId: config });
  const statuses = await Promise.all(
    Array.from({ length: 50 }, async () => (await limited.app.fetch(fromSlack(url, slackMessage('U0MANY')))).status),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
  await limited.close();
});
