import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import {
  bodyAs,
  fromSeconds,
  nameFrom,
  notVerified,
  optionalText,
  type Reading,
  type WebhookProvider,
} from './provider.ts';
import { sameSecret } from './verify.ts';

const id = z.int();
const chat = z.object({ id, title: optionalText, first_name: optionalText, last_name: optionalText });
const message = z.object({
  date: z.number().nullish(),
  from: z.object({ id, is_bot: z.boolean().nullish(), first_name: optionalText, last_name: optionalText }).nullish(),
  /** On whose behalf it was sent: a channel, or a group whose administrator stays unnamed. */
  sender_chat: chat.nullish(),
  chat: chat.nullish(),
});
const update = z.object({
  update_id: z.int().nonnegative(),
  message: message.nullish(),
  channel_post: message.nullish(),
  business_message: message.nullish(),
});

/** Telegram's Bot API: each key has a secret token of its own, to be given to `setWebhook` as `secret_token`. */
export const telegramWebhooks: WebhookProvider = {
  unusable: null,
  newSecret: () => randomBytes(32).toString('base64url'),
  verify({ headers, secret }) {
    const given = headers.get('x-telegram-bot-api-secret-token');
    if (!sameSecret(given ?? '', secret ?? '') || !given || !secret) throw notVerified();
  },
  read(request): Reading {
    // Edited messages are none of these: they were counted when they were sent.
    const { update_id, message, channel_post, business_message } = bodyAs(update, request);
    const sent = message ?? channel_post ?? business_message;
    const group = sent?.sender_chat ?? (sent?.from ? null : sent?.chat);
    const person = group || sent?.from?.is_bot ? null : sent?.from;
    const sender = group ?? person;
    if (!sent || !sender) return { kind: 'nothing' };
    return {
      kind: 'message',
      deliveryId: String(update_id),
      address: String(sender.id),
      displayName: nameFrom(group?.title, sender.first_name, sender.last_name),
      sentAt: fromSeconds(sent.date),
    };
  },
};
