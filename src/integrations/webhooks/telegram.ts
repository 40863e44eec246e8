import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  bodyAs,
  fromSeconds,
  nameFrom,
  notVerified,
  optionalFlag,
  optionalNumber,
  optionalText,
  type Reading,
  type WebhookProvider,
} from './provider.ts';
import { sameSecret } from './verify.ts';

const id = z.int();
const names = { username: optionalText, first_name: optionalText, last_name: optionalText };
const chat = z.object({ id, type: optionalText, title: optionalText, ...names });
const user = z.object({ id, is_bot: optionalFlag, ...names });
// The members besides these tell the kind of the message.
const message = z.looseObject({
  date: optionalNumber,
  from: user.nullish().catch(null),
  /** The chat that it was sent for: a channel, or a group with an anonymous administrator. */
  sender_chat: chat.nullish().catch(null),
  sender_business_bot: z.unknown().optional(),
  chat: chat.nullish().catch(null),
  is_automatic_forward: optionalFlag,
  migrate_to_chat_id: id.nullish().catch(null),
});
type Message = z.infer<typeof message>;
type Sender = z.infer<typeof chat> | z.infer<typeof user>;
const update = z.object({
  update_id: z.int().nonnegative(),
  message: message.nullish(),
  channel_post: message.nullish(),
  business_message: message.nullish(),
});

/**
 * The contents that the Bot API's Message lists. A message of a person has one of them. Any other message is a service
 * message (`new_chat_members`, `pinned_message`, `forum_topic_created` …), also of kinds that the Bot API adds later.
 */
const contents = [
  'text',
  'animation',
  'audio',
  'checklist',
  'contact',
  'dice',
  'document',
  'game',
  'invoice',
  'live_photo',
  'location',
  'paid_media',
  'photo',
  'poll',
  'sticker',
  'story',
  'venue',
  'video',
  'video_note',
  'voice',
  'rich_message',
] as const;

/** Telegram's Bot API. Each key has a secret token of its own, for `setWebhook` as `secret_token`. */
export const telegramWebhooks: WebhookProvider = {
  unusable: null,
  newSecret: () => randomBytes(32).toString('base64url'),
  verify({ headers, secrets }) {
    const given = headers.get('x-telegram-bot-api-secret-token');
    // setWebhook sets URL and secret at once, so only the key's own secret is valid.
    const [secret] = secrets;
    if (!sameSecret(given ?? '', secret ?? '') || !given || !secret) throw notVerified();
  },
  read(request): Reading {
    // Edited messages were counted when they were sent.
    const { update_id, message, channel_post, business_message } = bodyAs(update, request);
    const sent = message ?? channel_post ?? business_message;
    if (!sent) return { kind: 'nothing' };
    // The group sends this last. `migrate_from_chat_id`, which the supergroup sends, repeats it.
    if (sent.migrate_to_chat_id && sent.chat)
      return { kind: 'moved', from: String(sent.chat.id), to: String(sent.migrate_to_chat_id) };
    const sender = senderOf(sent, sent === business_message);
    if (!sender || !contents.some((content) => sent[content] != null)) return { kind: 'nothing' };
    return {
      kind: 'message',
      deliveryId: String(update_id),
      address: String(sender.id),
      publicName: sender.username && /^\w{1,64}$/.test(sender.username) ? `@${sender.username}` : null,
      conversationName: sent.chat && sent.chat.id !== sender.id ? nameFrom(sent.chat.title) : null,
      displayName: nameFrom('title' in sender ? sender.title : null, sender.first_name, sender.last_name),
      sentAt: fromSeconds(sent.date),
    };
  },
};

/** Returns the person or chat that a message is from. Null for a bot's, and for one that was not written here. */
function senderOf(
  { from, sender_chat, sender_business_bot, chat, is_automatic_forward }: Message,
  isBusiness: boolean,
): Sender | null {
  // A channel's post that is copied into its discussion group was delivered as the channel's already.
  if (is_automatic_forward || sender_business_bot != null) return null;
  if (sender_chat) return sender_chat;
  // A channel's post names only the channel.
  if (!from) return chat ?? null;
  if (from.is_bot) return null;
  // A business account's own answers are delivered too: in its private chats only the other side is a sender.
  if (isBusiness && chat && chat.id !== from.id) return null;
  return from;
}
