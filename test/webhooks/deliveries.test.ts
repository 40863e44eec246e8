import { beforeAll, describe, expect, test } from 'vitest';
import {
  fromGeneric,
  fromSlack,
  fromTelegram,
  slackMessage,
  slackSecret,
  telegramMessage,
} from '../fakes/deliveries.ts';
import { rowsOf } from '../tenants/world.ts';
import { useApp } from '../use-app.ts';
import { answerOf, channelsOf, contact as contactOf, countsOf, unknownSenders } from './webhooks.ts';

// Over the network, as providers come.
const service = useApp({ PORT: '0', SLACK_SIGNING_SECRET: slackSecret });
beforeAll(async () => {
  await service.app.listen();
});

const contact = (provider: string, address: string) => contactOf(service.tenant, provider, address);
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
