import { beforeEach, describe, expect, test } from 'vitest';
import type { TestTenant } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { fromTelegram, slackSecret, telegramMessage } from '../fakes/deliveries.ts';
import { rowsOf } from '../tenants/world.ts';
import { useApp } from '../use-app.ts';
import { answerTo, channelsOf, countsOf, place as placeAt, unknownSenders, type Webhook } from './webhooks.ts';

// Updates in the shapes of Telegram's own documentation.
const service = useApp({ SLACK_SIGNING_SECRET: slackSecret });
let tenant: TestTenant;
beforeEach(async () => {
  tenant = await service.createTenant();
});

const send = (request: Request) => answerTo(service, request);
const place = (provider: string, ...addresses: string[]) => placeAt(tenant, provider, ...addresses);
const everything = () => rowsOf(service.app.database, tenant.id);

describe('Telegram', () => {
  const ada = { id: 777000111, is_bot: false, first_name: 'Ada', username: 'AdaLovelace' };
  const group = { id: -1001234567890, type: 'supergroup', title: 'The lot' };
  const message = { message_id: 1, date: 1_764_064_800, from: ada, chat: group };
  let update = 500_000_000;
  const deliver = ({ url, secret }: Webhook, of: object) =>
    send(fromTelegram(url, secret, { update_id: ++update, ...of }));

  test.each([
    ['new_chat_members', [ada]],
    ['left_chat_member', ada],
    ['chat_owner_left', { new_owner: ada }],
    ['chat_owner_changed', { new_owner: ada }],
    ['new_chat_title', 'Another title'],
    ['new_chat_photo', [{ file_id: 'x', width: 1, height: 1 }]],
    ['delete_chat_photo', true],
    ['group_chat_created', true],
    ['supergroup_chat_created', true],
    ['channel_chat_created', true],
    ['message_auto_delete_timer_changed', { message_auto_delete_time: 86_400 }],
    ['migrate_from_chat_id', -123],
    ['pinned_message', { ...message, text: 'Pinned' }],
    ['successful_payment', { currency: 'XTR', total_amount: 1 }],
    ['refunded_payment', { currency: 'XTR', total_amount: 1 }],
    ['users_shared', { request_id: 1, users: [ada] }],
    ['chat_shared', { request_id: 1, chat_id: -1 }],
    ['gift', { gift: {} }],
    ['unique_gift', { gift: {} }],
    ['gift_upgrade_sent', { gift: {} }],
    ['connected_website', 'example.com'],
    ['write_access_allowed', {}],
    ['passport_data', { data: [] }],
    ['proximity_alert_triggered', { traveler: ada, watcher: ada, distance: 5 }],
    ['boost_added', { boost_count: 1 }],
    ['chat_background_set', { type: {} }],
    ['checklist_tasks_done', {}],
    ['checklist_tasks_added', { tasks: [] }],
    ['direct_message_price_changed', { are_direct_messages_enabled: true }],
    ['forum_topic_created', { name: 'Topic', icon_color: 7_322_096 }],
    ['forum_topic_edited', { name: 'Topic' }],
    ['forum_topic_closed', {}],
    ['forum_topic_reopened', {}],
    ['general_forum_topic_hidden', {}],
    ['general_forum_topic_unhidden', {}],
    ['giveaway_created', {}],
    ['giveaway', { chats: [group], winner_count: 1 }],
    ['giveaway_winners', { winner_count: 1, winners: [ada] }],
    ['giveaway_completed', { winner_count: 1 }],
    ['managed_bot_created', { bot: ada }],
    ['paid_message_price_changed', { paid_message_star_count: 1 }],
    ['poll_option_added', {}],
    ['poll_option_deleted', {}],
    ['suggested_post_approved', {}],
    ['suggested_post_approval_failed', {}],
    ['suggested_post_declined', {}],
    ['suggested_post_paid', {}],
    ['suggested_post_refunded', {}],
    ['community_chat_added', { community: { id: 1 } }],
    ['video_chat_scheduled', { start_date: 1 }],
    ['video_chat_started', {}],
    ['video_chat_ended', { duration: 1 }],
    ['video_chat_participants_invited', { users: [ada] }],
    ['web_app_data', { data: 'x', button_text: 'y' }],
    ['a_service_of_next_year', {}],
  ])('counts nothing for %s', async (field, value) => {
    const { webhook } = await place('telegram', String(ada.id), String(group.id));
    const before = await everything();
    for (const kind of ['message', 'channel_post', 'business_message'])
      expect(await deliver(webhook, { [kind]: { ...message, [field]: value } })).toEqual({ status: 200, text: '' });
    expect(await everything()).toEqual(before);
  });

  test.each([
    'edited_message',
    'edited_channel_post',
    'edited_business_message',
    'deleted_business_messages',
    'business_connection',
    'message_reaction',
    'callback_query',
    'my_chat_member',
    'chat_join_request',
    'chat_boost',
    'poll_answer',
    'guest_message',
  ])('counts nothing for an update of kind %s', async (kind) => {
    const { webhook } = await place('telegram', String(ada.id));
    const before = await everything();
    expect((await deliver(webhook, { [kind]: { ...message, text: 'Hello', user: ada } })).status).toBe(200);
    expect(await everything()).toEqual(before);
  });

  test.each([
    'text',
    'animation',
    'audio',
    'checklist',
    'contact',
    'dice',
    'document',
    'game',
    'live_photo',
    'location',
    'paid_media',
    'photo',
    'poll',
    'rich_message',
    'sticker',
    'story',
    'venue',
    'video',
    'video_note',
    'voice',
  ])('counts a message with %s', async (content) => {
    const { webhook, participant } = await place('telegram', String(ada.id));
    await deliver(webhook, { message: { ...message, [content]: content === 'text' ? 'Hello' : {} } });
    expect(await countsOf(tenant, participant)).toEqual([1]);
  });

  test('counts a message with doubtful parts', async () => {
    const { webhook, participant } = await place('telegram', String(ada.id));
    const doubtful = { ...message, text: 'Hello', date: 'yesterday', sender_chat: 'x', chat: {} };
    await deliver(webhook, { message: { ...doubtful, from: { ...ada, first_name: 7, username: {}, is_bot: 'no' } } });
    expect(await countsOf(tenant, participant)).toEqual([1]);
  });

  test('counts a customer’s message to a business account, and not its answers', async () => {
    const { webhook, participant } = await place('telegram', String(ada.id), '42');
    const chat = { id: ada.id, type: 'private', first_name: 'Ada' };
    const business = { ...message, chat, business_connection_id: 'b1', text: 'Hello' };
    await deliver(webhook, { business_message: business });
    await deliver(webhook, { business_message: { ...business, from: { id: 42, is_bot: false, first_name: 'Owner' } } });
    await deliver(webhook, { business_message: { ...business, sender_business_bot: { id: 9, is_bot: true } } });
    expect(await countsOf(tenant, participant)).toEqual([1, 0]);
  });

  test('counts a channel’s post once, though its discussion group gets a copy', async () => {
    const news = { id: -1009999, type: 'channel', title: 'News', username: 'Rollcall_News' };
    const { webhook, participant } = await place('telegram', '-1009999');
    const post = { message_id: 1, date: 1, chat: news, sender_chat: news, text: 'News' };
    await deliver(webhook, { channel_post: post });
    const from = { id: 777000, is_bot: false, first_name: 'Telegram' };
    await deliver(webhook, { message: { ...post, chat: group, from, is_automatic_forward: true } });
    expect(await countsOf(tenant, participant)).toEqual([1]);
  });

  test('is heard by channels of a public name, without regard to case', async () => {
    const { webhook, participant, config } = await place('telegram', '@rollcall_NEWS', '@adalovelace', '@four');
    const news = { id: -1009999, type: 'channel', title: 'News', username: 'Rollcall_News' };
    await deliver(webhook, { channel_post: { message_id: 1, date: 1, chat: news, text: 'News' } });
    await deliver(webhook, { message: { ...message, text: 'Hello' } });
    await deliver(webhook, { message: { ...message, from: { ...ada, id: 4, username: 'Four' }, text: 'Hello' } });
    await deliver(webhook, { message: { ...message, from: { ...ada, id: 5, username: 'somebody' }, text: 'Hello' } });
    expect(await countsOf(tenant, participant)).toEqual([1, 1, 1]);
    const unknown = await unknownSenders(tenant, { integrationConfigId: config });
    expect(unknown.map(({ address }) => address)).toEqual(['5']);
  });

  test('moves a group’s channel to its supergroup, with what was counted', async () => {
    const { webhook, participant, config } = await place('telegram', '-4242');
    const both = await createParticipant(tenant, {
      channels: ['-4242', '-1004242'].map((address) => ({ integrationConfigId: config, address })),
    });
    const elsewhere = await place('telegram', '-4242');
    const old = { id: -4242, type: 'group', title: 'The lot' };
    const anonymous = { ...message, from: undefined, chat: old, sender_chat: old };
    await deliver(webhook, { message: { ...anonymous, text: 'Hello' } });
    for (let time = 0; time < 2; time += 1) {
      const moved = { ...message, chat: old, migrate_to_chat_id: -1004242 };
      expect(await deliver(webhook, { message: moved })).toEqual({ status: 200, text: '' });
    }
    const supergroup = { id: -1004242, type: 'supergroup', title: 'The lot' };
    await deliver(webhook, { message: { ...message, chat: supergroup, migrate_from_chat_id: -4242 } });
    await deliver(webhook, { message: { ...anonymous, chat: supergroup, sender_chat: supergroup, text: 'Hello' } });
    const stateOf = async (id: string) =>
      (await channelsOf(tenant, id)).map(({ address, messageCount }) => [address, messageCount]);
    expect(await stateOf(participant)).toEqual([['-1004242', 2]]);
    expect(await stateOf(both)).toEqual([['-1004242', 2]]);
    expect(await stateOf(elsewhere.participant)).toEqual([['-4242', 0]]);
    expect(await unknownSenders(tenant)).toEqual([]);
  });

  test('moves an unknown group too, and into a channel that somebody has of the new address', async () => {
    const { webhook, participant } = await place('telegram', '-1004243');
    for (const id of [-4243, -4244]) {
      const chat = { id, type: 'group', title: 'The lot' };
      await deliver(webhook, { message: { ...message, from: undefined, chat, text: 'Hello' } });
      const moved = { ...message, chat, migrate_to_chat_id: id - 1_000_000 };
      await deliver(webhook, { message: moved });
      const to = id === -4243 ? -1004243 : -1004244;
      expect(id - 1_000_000).toBe(to);
    }
    expect(await countsOf(tenant, participant)).toEqual([1]);
    expect((await unknownSenders(tenant)).map(({ address, messageCount }) => [address, messageCount])).toEqual([
      ['-1004244', 1],
    ]);
  });

  test('is not moved by who does not know the secret', async () => {
    const { webhook, participant } = await place('telegram', '-4242');
    const moved = { update_id: 1, message: { ...message, chat: { id: -4242 }, migrate_to_chat_id: -1 } };
    expect((await send(fromTelegram(webhook.url, 'another', moved))).status).toBe(401);
    expect((await channelsOf(tenant, participant))[0]?.address).toBe('-4242');
  });
});

test('a person without anything doubtful is counted by the id, and by the name as well', async () => {
  const { webhook, participant } = await place('telegram', '1234567', '@ada');
  await send(fromTelegram(webhook.url, webhook.secret, telegramMessage(1234567)));
  expect(await countsOf(tenant, participant)).toEqual([1, 1]);
});
