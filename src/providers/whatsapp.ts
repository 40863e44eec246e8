import { asciiDigits, plainNumber, telephoneKey, toE164 } from '../values/phone-number.ts';
import type { AddressForm, ReadAddress } from './form.ts';
import { asTelephone, misfit } from './telephone.ts';

// What WhatsApp's own clients call somebody: `user.agent:device@server`, or `user_agent`. The device says from which of
// their devices they write.
const jid = /^([^@:\s]+?)(?:[._]\d{1,3})?(?::\d{1,5})?@([a-z.]+)$/i;
const telephones: ReadonlySet<string> = new Set(['s.whatsapp.net', 'c.us', 'hosted']);
/**
 * By server, what stands before the @: hidden users, groups (an older form has its founder's number in it), channels,
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
// A business-scoped user id, and one of a portfolio of businesses. The country is in upper case; in lower case only digits
// may follow, which tell it from a name.
const businessScoped = /^[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}$/;
const businessScopedDigits = /^[A-Z]{2}\.(?:ENT\.)?\d{1,128}$/i;
// What the Cloud API calls a group: "capi_group:…" in base64.
const cloudGroup = /^Y2FwaV9ncm91cD[A-Za-z0-9+/_-]{4,240}={0,2}$/;
// As many digits as a country code and a subscriber's number have at the least, and E.164 at the most.
const digits = /^[1-9]\d{6,14}$/;

/** What WhatsApp delivered is a telephone's number, even where today's numbering plan does not have it. */
const delivered = (number: string): ReadAddress => ({ fits: true, key: telephoneKey(`+${number}`), identity: true });

const own = (key: string): ReadAddress => ({ fits: true, key, identity: false });

/**
 * Telephone numbers, with or without a plus or a server; ids of users, groups and channels, which are nobody's
 * telephone.
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
  // Its own ids have no plus, and no zero in front, which a number has that is dialled within a country.
  if (!plain.startsWith('+') && !bare.startsWith('0')) return digits.test(bare) ? today(bare) : misfit(address);
  return asTelephone(trimmed, region) ?? misfit(address);
};

/** As delivered, but for a national prefix that somebody wrote into it, as far as the plan knows the number. */
function today(number: string): ReadAddress {
  const known = toE164(`+${number}`);
  return known === null ? delivered(number) : { fits: true, key: telephoneKey(known), identity: true };
}
