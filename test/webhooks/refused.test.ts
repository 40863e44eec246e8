import { beforeAll, describe, expect, test } from 'vitest';
import { startApp } from '../app.ts';
import { createConfig } from '../factories.ts';
import { fromGeneric, fromSlack, slackMessage, slackSecret } from '../fakes/deliveries.ts';
import { rowsOf } from '../tenants/world.ts';
import { useApp } from '../use-app.ts';
import { answerOf, contact as contactOf, generate, rotate, type Webhook } from './webhooks.ts';

// Over the network, as providers come.
const service = useApp({ PORT: '0', SLACK_SIGNING_SECRET: slackSecret });
beforeAll(async () => {
  await service.app.listen();
});

const contact = (provider: string, address: string) => contactOf(service.tenant, provider, address);
const everything = () => rowsOf(service.app.database, service.tenant.id);

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
