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

const pattern = (form: RegExp): AddressForm => ({ fits: (address) => form.test(address), identityKey: () => null });

/** By provider. A provider that isn't here is not refused: any address fits it. */
const forms: Readonly<Record<string, AddressForm>> = {
  // Users (U, W), public and private channels (C, G), direct messages (D).
  slack: pattern(/^[UWCGD][A-Z0-9]{2,20}$/),
  // A Microsoft Entra object id, or a user principal name.
  teams: pattern(/^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^@\s]+@[^@\s]+\.[^@\s]+)$/i),
  // A numeric id (groups are negative), or a public @name.
  telegram: pattern(/^(-?\d{1,20}|@[A-Za-z]\w{4,31})$/),
  // A snowflake.
  discord: pattern(/^\d{17,20}$/),
  email: {
    fits: isEmailAddress,
    identityKey: (address) => (isEmailAddress(address) && address.length <= 320 ? address.toLowerCase() : null),
  },
  sms: telephone,
  voice: telephone,
  // WhatsApp's own ids are numbers without the plus.
  whatsapp: {
    fits: (address) => whatsappNumber(address) !== null,
    identityKey: (address) => whatsappNumber(address),
  },
};

const whatsappNumber = (address: string) => toE164(/^\d/.test(address) && !address.startsWith('00') ? `+${address}` : address);

/** Whether the address has its provider's form. */
export const fitsProvider = (provider: string, address: string): boolean => forms[provider]?.fits(address) ?? true;

/** The address as e-mail addresses (lower case) and telephone numbers (E.164) are compared across systems, or null. */
export const identityKey = (provider: string, address: string): string | null => forms[provider]?.identityKey(address) ?? null;
