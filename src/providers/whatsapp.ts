import { asciiDigits, plainNumber, telephoneKey, toE164 } from '../values/phone-number.ts';
import type { AddressForm, ReadAddress } from './form.ts';
import { asTelephone, misfit } from './telephone.ts';

// An id of WhatsApp's own clients: `user.agent:device@server`, or `user_agent`. The device says which of the user's
// devices writes.
const jid = /^([^@:\s]+?)(?:[._]\d{1,3})?(?::\d{1,5})?@([a-z.]+)$/i;
const telephones: ReadonlySet<string> = new Set(['s.whatsapp.net', 'c.us', 'hosted']);
/**
 * By server, what comes before the @: hidden users, groups (an older form contains its founder's number), channels,
 * lists, bots.
 */
const others: Readonly<Record<string, RegExp>> = {
  lid: /^\d{1,20}$/,
  'hosted.lid': /^\d{1,20}$/,
  'g.us': /^\d{5,25}(-\d{5,15})?$/,
  newsletter: /^\d{5,25}$/,
  broadcast: /^(status|\d{5,25})$/i,
  bot: /^\d{5,25}$/,
};
// A business-scoped user id, and one of a portfolio of businesses. The country is in upper case. In lower case only
// digits may follow, which tell it from a name.
const businessScoped = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/;
const businessScopedDigits = /^[A-Z]{2}\.(?:ENT\.)?\d{1,128}$/i;
// The Cloud API's id of a group: "capi_group:…" in base64.
const cloudGroup = /^Y2FwaV9ncm91cD[A-Za-z0-9+/_-]{4,240}={0,2}$/;
// At least the digits of a country code and a subscriber's number, at most those of E.164.
const digits = /^[1-9]\d{6,14}$/;

/** What WhatsApp delivered is a telephone's number, even if today's numbering plan does not have it. */
const delivered = (number: string): ReadAddress => ({ fits: true, key: telephoneKey(`+${number}`), identity: true });

const own = (key: string): ReadAddress => ({ fits: true, key, identity: false });

/**
 * Telephone numbers, with or without a plus or a server, and ids of users, groups and channels, which are no
 * telephones.
 */
export const whatsapp: AddressForm = (address, region) => {
  const trimmed = asciiDigits(address)
    .trim()
    .replace(/^whatsapp:\s*/i, '');
  const named = jid.exec(trimmed);
  if (named) {
    const [, user = '', host = ''] = named;
    const server = host.toLowerCase();
    if (telephones.has(server)) {
      const number = user.replace(/^\+/, '');
      return digits.test(number) ? delivered(number) : misfit(address);
    }
    return Object.hasOwn(others, server) && others[server]?.test(user)
      ? own(`${user.toLowerCase()}@${server}`)
      : misfit(address);
  }
  if (businessScoped.test(trimmed) || cloudGroup.test(trimmed)) return own(trimmed);
  if (businessScopedDigits.test(trimmed)) return own(trimmed.toUpperCase());
  const plain = plainNumber(trimmed);
  if (plain === null) return misfit(address);
  const bare = plain.replaceAll(/\D/g, '');
  // WhatsApp's own ids have no plus and no leading zero, which a number dialled within a country has.
  if (!plain.startsWith('+') && !bare.startsWith('0')) return digits.test(bare) ? today(bare) : misfit(address);
  return asTelephone(trimmed, region) ?? misfit(address);
};

/** Keeps the number as delivered, without a national prefix as far as the plan knows it. */
function today(number: string): ReadAddress {
  const known = toE164(`+${number}`);
  return known === null ? delivered(number) : { fits: true, key: telephoneKey(known), identity: true };
}
