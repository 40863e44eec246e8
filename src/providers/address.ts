import { isEmailAddress } from '../values/email-address.ts';
import { toE164 } from '../values/phone-number.ts';

/** What is known of a provider's addresses. */
type AddressForm = {
  fits(address: string): boolean;
  /** The same identity as e-mail addresses and telephone numbers spell it elsewhere; null when it has none. */
  identityKey(address: string): string | null;
};

const telephone: AddressForm = {
  fits: (address) => toE164(address) !== null,
  identityKey: toE164,
};

const own = (fits: AddressForm['fits']): AddressForm => ({ fits, identityKey: () => null });

// Slack's ids are upper case, and opaque but for the first letter: users (U, and W in an Enterprise organisation), public
// channels (C), private channels and group messages (G), direct messages (D). Their length isn't documented.
const slack = /^[UWCGD][A-Z0-9]{2,20}$/;

const teams = [
  // A user's Microsoft Entra object id.
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
  // A user principal name, of the characters that Entra allows; a guest's has #EXT# in it.
  /^[A-Za-z0-9'._!#^~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$/,
  // What the Bot Framework calls a user (29:), a personal chat (a:), and channels, group chats and meetings (19:).
  /^(29|a):[A-Za-z0-9_-]{10,255}$/,
  /^19:[A-Za-z0-9_-]{1,200}@(thread\.(tacv2|v2|skype)|unq\.gbl\.spaces)$/,
];

// Basic names have 5 characters or more, collectible ones 4.
const telegramName = /^@[A-Za-z][A-Za-z0-9_]{3,31}$/;
const telegramId = /^-?[1-9][0-9]{0,15}$/;
// The Bot API promises 52 significant bits; within them, ranges for users, groups and supergroups (-100…) have been widened before.
const telegramIds = 2 ** 52;

// 64 bits without a sign: milliseconds since 2015 above the lowest 22, so 17 digits since February of that year.
const discord = /^[1-9][0-9]{16,19}$/;
const discordIds = 2n ** 64n;

/**
 * By provider. A provider that isn't here is not refused: any address fits it. Whether an address fits is stored with its
 * channel: who changes a form writes a migration that looks at the stored ones again (test/channels/address.test.ts).
 */
const forms: ReadonlyMap<string, AddressForm> = new Map([
  ['slack', own((address) => slack.test(address))],
  ['teams', own((address) => teams.some((form) => form.test(address)))],
  [
    'telegram',
    own(
      (address) => telegramName.test(address) || (telegramId.test(address) && Math.abs(Number(address)) < telegramIds),
    ),
  ],
  ['discord', own((address) => discord.test(address) && BigInt(address) < discordIds)],
  [
    'email',
    {
      fits: isEmailAddress,
      identityKey: (address) => (isEmailAddress(address) && address.length <= 320 ? address.toLowerCase() : null),
    },
  ],
  ['sms', telephone],
  ['voice', telephone],
  // WhatsApp's own ids are numbers without the plus.
  [
    'whatsapp',
    { fits: (address) => whatsappNumber(address) !== null, identityKey: (address) => whatsappNumber(address) },
  ],
]);

const whatsappNumber = (address: string) =>
  toE164(/^\d/.test(address) && !address.startsWith('00') ? `+${address}` : address);

/** Whether the address has its provider's form. */
export const fitsProvider = (provider: string, address: string): boolean => forms.get(provider)?.fits(address) ?? true;

/** The address as e-mail addresses (lower case) and telephone numbers (E.164) are compared across systems, or null. */
export const identityKey = (provider: string, address: string): string | null =>
  forms.get(provider)?.identityKey(address) ?? null;
