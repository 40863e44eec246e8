import { beforeEach, describe, expect, test } from 'vitest';
import { dataOf, startApp, type TestTenant } from '../app.ts';
import { createConfig } from '../factories.ts';
import { fromGeneric, fromSlack, slackEvent, slackMessage, slackSecret } from '../fakes/deliveries.ts';
import { startFakeSlack } from '../fakes/slack.ts';
import { rowsOf } from '../tenants/world.ts';
import { useApp } from '../use-app.ts';
import {
  answerTo,
  bindingOf,
  channelsOf,
  countsOf,
  generate,
  place as placeAt,
  rotate,
  type Webhook,
} from './webhooks.ts';

// Deliveries that are signed, in the shapes of the documentation of Slack and of Standard Webhooks.
const service = useApp({ SLACK_SIGNING_SECRET: slackSecret });
let tenant: TestTenant;
beforeEach(async () => {
  tenant = await service.createTenant();
});

const send = (request: Request) => answerTo(service, request);
const place = (provider: string, ...addresses: string[]) => placeAt(tenant, provider, ...addresses);
const firstBinding = (id: string) => bindingOf(tenant, id);
const everything = () => rowsOf(service.app.database, tenant.id);

describe('Slack', () => {
  const profile = { id: 'U0ADA', team_id: 'T123ABC456', name: 'ada', profile: { real_name: 'Ada' } };
  const inChannel = { type: 'message', channel: 'C123ABC456', ts: '1355517523.000005' };
  const said = { type: 'message', user: 'U0ADA', text: 'Hello', ts: '1355517523.000005', channel: 'C123ABC456' };
  const nothings: [string, Record<string, unknown>][] = [
    ['team_join', { type: 'team_join', user: profile }],
    ['user_change', { type: 'user_change', user: profile, cache_ts: 1_648_596_421 }],
    ['user_profile_changed', { type: 'user_profile_changed', user: profile }],
    ['user_huddle_changed', { type: 'user_huddle_changed', user: profile }],
    ['channel_created', { type: 'channel_created', channel: { id: 'C0NEW', name: 'fun', creator: 'U0ADA' } }],
    ['channel_rename', { type: 'channel_rename', channel: { id: 'C0NEW', name: 'fun' } }],
    ['member_joined_channel', { type: 'member_joined_channel', user: 'U0ADA', channel: 'C1', team: 'T1' }],
    ['reaction_added', { type: 'reaction_added', user: 'U0ADA', reaction: 'thumbsup', item: inChannel }],
    ['app_mention', { ...said, type: 'app_mention' }],
    ['app_home_opened', { type: 'app_home_opened', user: 'U0ADA', channel: 'D0LAN2Q65', tab: 'home' }],
    ['link_shared', { type: 'link_shared', user: 'U0ADA', links: [{ domain: 'example.com' }] }],
    ['file_shared', { type: 'file_shared', file_id: 'F1', user_id: 'U0ADA', file: { id: 'F1' } }],
    ['tokens_revoked', { type: 'tokens_revoked', tokens: { oauth: ['U0ADA'], bot: ['U0BOT'] } }],
    ['app_uninstalled', { type: 'app_uninstalled' }],
    ['a message of an object', { ...inChannel, user: profile }],
    ['a message of nobody', { ...inChannel, user: '' }],
    ['a message of null', { ...inChannel, user: null }],
    ['a message without a user', { ...inChannel, text: 'Hello' }],
    ['Slackbot', { ...said, user: 'USLACKBOT' }],
    ['a bot', { ...said, bot_id: 'B0BOT', bot_profile: { id: 'B0BOT' } }],
    ['a hidden message', { ...said, hidden: true }],
    ['message_changed', { ...inChannel, subtype: 'message_changed', hidden: true, message: said }],
    ['message_deleted', { ...inChannel, subtype: 'message_deleted', hidden: true, deleted_ts: '1.2' }],
    ['message_replied', { ...inChannel, subtype: 'message_replied', hidden: true, message: said }],
    ...[
      'assistant_app_thread',
      'bot_add',
      'bot_message',
      'bot_remove',
      'channel_archive',
      'channel_canvas_updated',
      'channel_convert_to_private',
      'channel_join',
      'channel_leave',
      'channel_name',
      'channel_posting_permissions',
      'channel_purpose',
      'channel_topic',
      'channel_unarchive',
      'document_mention',
      'ekm_access_denied',
      'file_comment',
      'file_mention',
      'group_archive',
      'group_join',
      'group_leave',
      'group_name',
      'group_purpose',
      'group_topic',
      'group_unarchive',
      'huddle_thread',
      'joiner_notification',
      'pinned_item',
      'reminder_add',
      'reply_broadcast',
      'sh_room_created',
      'slackbot_response',
      'tombstone',
      'unpinned_item',
      'a_subtype_of_next_year',
    ].map((subtype): [string, Record<string, unknown>] => [subtype, { ...said, subtype }]),
  ];

  test('sends much that nobody said: each is 200 and changes nothing', async () => {
    const { webhook } = await place('slack', 'U0ADA');
    const before = await everything();
    for (const [name, event] of nothings)
      expect([name, await send(fromSlack(webhook.url, slackEvent(event)))]).toEqual([name, { status: 200, text: '' }]);
    for (const type of ['app_rate_limited', 'something_new'])
      expect(await send(fromSlack(webhook.url, { type, team_id: 'T1' }))).toEqual({ status: 200, text: '' });
    expect(await everything()).toEqual(before);
  });

  test('sends what was said, also when other parts are doubtful', async () => {
    const { webhook, participant } = await place('slack', 'U0ADA');
    const more: Record<string, unknown>[] = [
      {},
      { subtype: null },
      { subtype: 'file_share', files: [{ id: 'F1' }] },
      { subtype: 'me_message' },
      { subtype: 'thread_broadcast', thread_ts: '1.1', root: { ...said, user: profile } },
      { bot_id: null, hidden: 'no', edited: { user: 'U0ADA', ts: '1.1' } },
      { channel: null, client_msg_id: 'c1' },
      { ts: 17, client_msg_id: 'c2' },
      { ts: 17, channel: {}, client_msg_id: {} },
    ];
    for (const event of more)
      expect(await send(fromSlack(webhook.url, slackMessage('U0ADA', event)))).toEqual({ status: 200, text: '' });
    expect(await countsOf(tenant, participant)).toEqual([more.length]);
  });

  test('counts a message once, however many events tell of it', async () => {
    const { webhook, participant } = await place('slack', 'U0ADA');
    const event = { ts: '1764064800.000100', client_msg_id: '9e8dcd2b-3c1c-4f0e-8d38-d1a4a1f0c5ab' };
    for (const subtype of [undefined, undefined, 'thread_broadcast'])
      expect((await send(fromSlack(webhook.url, slackMessage('U0ADA', { ...event, subtype })))).status).toBe(200);
    expect(await countsOf(tenant, participant)).toEqual([1]);
    // The same `ts` in another channel is another message.
    await send(fromSlack(webhook.url, slackMessage('U0ADA', { ...event, channel: 'C0OTHER' })));
    expect(await countsOf(tenant, participant)).toEqual([2]);
  });

  test('is refused for another workspace than the connected one', async () => {
    const { config, webhook, participant } = await place('slack', 'U0ADA');
    const connect = (workspaceId: string) =>
      service.app.database.prisma.integrationConfig.update({
        where: { tenantId_id: { tenantId: tenant.id, id: config } },
        data: { workspaceId },
      });
    await connect('T123ABC456');
    const statusOf = async (more: object, event = {}) =>
      (await send(fromSlack(webhook.url, { ...slackMessage('U0ADA', event), ...more }))).status;
    const authorizations = [{ team_id: 'T123ABC456', enterprise_id: null }];
    expect(await statusOf({})).toBe(200);
    const before = await everything();
    expect(await statusOf({ team_id: 'T0OTHER' })).toBe(403);
    expect(await statusOf({ team_id: 'T0OTHER', authorizations })).toBe(403);
    expect(await statusOf({ team_id: 'T0OTHER' }, { type: 'team_join' })).toBe(403);
    expect(await everything()).toEqual(before);
    // In a channel that two organisations share, the other one's people speak too.
    expect(await statusOf({ team_id: 'T0OTHER', authorizations, is_ext_shared_channel: true })).toBe(200);
    expect(await statusOf({ team_id: 'T0OTHER', is_ext_shared_channel: true })).toBe(403);
    expect(await countsOf(tenant, participant)).toEqual([2]);
  });
});

describe('Slack, connected with a bare token,', () => {
  test('is asked once whose the token is, and another workspace’s deliveries are refused', async () => {
    const slack = await startFakeSlack();
    const own = await startApp({ SLACK_SIGNING_SECRET: slackSecret, SLACK_API_URL: slack.apiUrl });
    try {
      slack.tokens.set('xoxb-gone', 'token_revoked');
      const deliver = async ({ url }: Webhook, team_id: string) => {
        const request = fromSlack(url, { ...slackMessage('U0ADA'), team_id });
        return (await own.app.fetch(request)).status;
      };
      const webhookOf = async (token?: string) =>
        generate(own.tenant, { integrationConfigId: await createConfig(own.tenant, 'slack', token) });
      const asked = () => slack.requests.filter(({ path }) => path === '/api/auth.test').length;

      const known = await webhookOf('xoxb-good');
      expect([await deliver(known, 'T0OTHER'), await deliver(known, 'T0FAKE')]).toEqual([403, 200]);
      expect([await deliver(known, 'T0OTHER'), await deliver(known, 'T0FAKE')]).toEqual([403, 200]);
      expect(asked()).toBe(1);
      // Who does not say costs nobody a message, and is not asked each time.
      const refused = await webhookOf('xoxb-gone');
      expect([await deliver(refused, 'T0OTHER'), await deliver(refused, 'T0FAKE')]).toEqual([200, 200]);
      const never = await webhookOf();
      expect(await deliver(never, 'T0OTHER')).toBe(200);
      expect(asked()).toBe(2);
    } finally {
      await own.close();
      await slack.close();
    }
  });
});

describe('Standard Webhooks', () => {
  const from = '+14155550199';

  test('accept the replaced secret for a day after a rotation, at the new URL only', async () => {
    const { webhook: first, config, participant } = await place('sms', from);
    const bindingId = await firstBinding(participant);
    const second = await rotate(tenant, { integrationConfigId: config, bindingId });
    const third = await rotate(tenant, { integrationConfigId: config, bindingId });
    expect((await send(fromGeneric(first.url, first.secret, { from }))).status).toBe(404);
    for (const secret of [first.secret, second.secret, third.secret])
      expect((await send(fromGeneric(third.url, secret, { from }))).status).toBe(200);
    expect((await send(fromGeneric(third.url, 'whsec_AAAA', { from }))).status).toBe(401);
    expect(await countsOf(tenant, participant)).toEqual([3]);

    // A day later only the newest is left, also where the key is remembered.
    const { prisma } = service.app.database;
    const keys = await prisma.webhookKey.findMany({ where: { tenantId: tenant.id } });
    const dayBefore = (time: Date | null) => time && new Date(time.getTime() - 24 * 3_600_000);
    for (const { tenantId, id, createdAt, revokedAt } of keys)
      await prisma.webhookKey.update({
        where: { tenantId_id: { tenantId, id } },
        data: { createdAt: dayBefore(createdAt) as Date, revokedAt: dayBefore(revokedAt) },
      });
    const fourth = await rotate(tenant, { integrationConfigId: config, bindingId });
    for (const [secret, status] of [
      [first.secret, 401],
      [second.secret, 401],
      [third.secret, 200],
      [fourth.secret, 200],
    ] as const)
      expect((await send(fromGeneric(fourth.url, secret, { from }))).status).toBe(status);
  });

  test('refuse the secret of a key that was revoked, and not replaced', async () => {
    const { webhook: first, config, participant } = await place('sms', from);
    const bindingId = await firstBinding(participant);
    const id = first.activation['webhookKeyId'];
    dataOf(await tenant.graphql('mutation ($id: ID!) { revokeKey(input: { id: $id }) { key { id } } }', { id }));
    const second = await generate(tenant, { integrationConfigId: config, bindingId });
    expect((await send(fromGeneric(second.url, first.secret, { from }))).status).toBe(401);
    expect((await send(fromGeneric(second.url, second.secret, { from }))).status).toBe(200);
  });

  test('accept several signatures in one header, of which one is right', async () => {
    const { webhook, participant } = await place('sms', from);
    const request = fromGeneric(webhook.url, webhook.secret, { from });
    const right = request.headers.get('webhook-signature');
    request.headers.set('webhook-signature', `v1,${Buffer.alloc(32).toString('base64')}  v1a,x ${right} v2,y`);
    expect((await send(request)).status).toBe(200);
    expect(await countsOf(tenant, participant)).toEqual([1]);
  });

  test('lose no message for a doubtful optional value', async () => {
    const { webhook, participant } = await place('sms', from);
    const more: object[] = [
      { sentAt: 'now' },
      { sentAt: 1_764_064_800 },
      { sentAt: { at: 'noon' } },
      { sentAt: '' },
      { name: 7 },
      { name: ['Ada'] },
      { name: '\u0000' },
      { name: null, sentAt: null },
    ];
    for (const body of more)
      expect((await send(fromGeneric(webhook.url, webhook.secret, { from, ...body }))).status).toBe(200);
    expect(await countsOf(tenant, participant)).toEqual([more.length]);
  });

  test('tell the time without seconds', async () => {
    const { webhook, participant } = await place('sms', from);
    const minute = new Date(Math.floor(Date.now() / 60_000 - 5) * 60_000).toISOString();
    await send(fromGeneric(webhook.url, webhook.secret, { from, sentAt: minute.replace(':00.000Z', 'Z') }));
    expect((await channelsOf(tenant, participant))[0]?.lastMessageAt).toBe(minute);
  });
});
