import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max';
import { z } from 'zod';

const e164 = /^\+[1-9]\d{1,14}$/;

/**
 * A change of a country's numbering plan: the old spelling of a number, and how the same telephone is dialled today.
 */
type Renumbering = { from: RegExp; to: string | ((...groups: string[]) => string) };

// Vietnam, by the digits after +84 that were removed in 2018.
const vietnam: Readonly<Record<string, string>> = {
  ...{ 120: '70', 121: '79', 122: '77', 126: '76', 128: '78' },
  ...{ 123: '83', 124: '84', 125: '85', 127: '81', 129: '82' },
  ...{ 162: '32', 163: '33', 164: '34', 165: '35', 166: '36', 167: '37', 168: '38', 169: '39' },
  ...{ 186: '56', 188: '58', 199: '59' },
};

/** Changed plans whose old numbers WhatsApp and address books still have. One old number is one new number. */
const renumberings: readonly Renumbering[] = [
  // Mexico, 2019: mobiles lost the 1 after the country code and the prefixes for calls within the country.
  { from: /^\+52(?:1|01|044|045)(\d{10})$/, to: '+52$1' },
  // Brazil, until 2016: mobiles gained a 9. Landlines begin with 2 to 5, and did not.
  { from: /^\+55([1-9]{2})([6-9]\d{7})$/, to: '+55$19$2' },
  // Côte d'Ivoire, 2021: mobiles gained their operator's two digits, by the second digit. Landlines began with 2 or 3.
  {
    from: /^\+225([014-9])(\d)(\d{6})$/,
    to: (_, first = '', second = '', rest = '') =>
      `+225${second >= '7' ? '07' : second >= '4' ? '05' : '01'}${first}${second}${rest}`,
  },
  // Benin, 2024: every number gained 01.
  { from: /^\+229([2-9]\d{7})$/, to: '+22901$1' },
  // Vietnam, 2018: mobiles of ten digits lost one.
  {
    from: /^\+84(12[0-9]|16[2-9]|18[68]|199)(\d{7})$/,
    to: (_, prefix = '', rest = '') => `+84${vietnam[prefix] ?? prefix}${rest}`,
  },
];

/** Returns the number as it is dialled today, for a number in E.164 of today or of before. */
export function asDialledToday(number: string): string {
  for (const { from, to } of renumberings)
    if (from.test(number)) return typeof to === 'string' ? number.replace(from, to) : number.replace(from, to);
  return number;
}

/**
 * Returns the key that telephone numbers in E.164 are compared by. It is the same for each spelling of one telephone's
 * number. An Argentine mobile is dialled with a 9 after +54 from abroad and without it at home, and the number does not
 * say whether it is a mobile. So the key has no 9.
 */
export const telephoneKey = (number: string): string => asDialledToday(number).replace(/^\+549(\d{10})$/, '+54$1');

const digit = /\p{Nd}/u;

/** Returns the value of a decimal digit. In every script the ten digits are consecutive. */
function digitValue(character: string): string {
  const point = character.codePointAt(0) as number;
  let value = 0;
  while (value < 9 && digit.test(String.fromCodePoint(point - value - 1))) value += 1;
  return String(value);
}

const invisible = /\p{Cf}|\p{Variation_Selector}/gu;
const scheme = /^\s*(?:tel|sms|smsto|callto|whatsapp)\s*:\s*(?:\/\/)?/i;
// A number that a program took for a quantity: without its point it would be another telephone's.
const quantity = /^\+?\d{7,}\.0+$/;
// What people write between the digits.
const whole = /^\(?\+?[\d\s().\-/~·\u2212\p{Pd}]+$/u;

/**
 * Returns the text with digits of any script in ASCII, signs in their common width, and no marks that cannot be seen.
 */
export const asciiDigits = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(invisible, '')
    .replaceAll(/\p{Nd}/gu, (character) => (character <= '9' ? character : digitValue(character)));

/**
 * Returns a telephone number with nothing in it but ASCII digits, separators and a plus. Converts digits of any script
 * and full-width signs, and removes `00` and URI schemes. Null when the text is not exactly one number. An extension
 * makes it another number.
 */
export function plainNumber(text: string): string | null {
  if (text.length > 120) return null;
  const plain = asciiDigits(text)
    .replace(scheme, '')
    .trim()
    .replace(/^\(\s*\+/, '+(')
    .replace(/^(\(?)00/, '+$1');
  return whole.test(plain) && /\d/.test(plain) && !quantity.test(plain) ? plain : null;
}

/**
 * Returns the telephone number in E.164 (`+14155550100`) as it is dialled today. Null when the text is not exactly one
 * number of a possible length. A number without a plus belongs to the region (ISO 3166), where one is given.
 */
export function toE164(text: string, region: string | null = null): string | null {
  const plain = plainNumber(text);
  if (plain === null) return null;
  const international = plain.startsWith('+');
  if (!international && (region === null || !isSupportedCountry(region))) return null;
  const digits = plain.replaceAll(/\D/g, '');
  if (international) {
    const today = asDialledToday(`+${digits}`);
    return parsed(today === `+${digits}` ? plain : today, null);
  }
  const country = region as CountryCode;
  const found = parsed(plain, country);
  if (found !== null) return found;
  // A number of before, as it was dialled within the country, or with the country's code.
  const code = getCountryCallingCode(country);
  const old = [`+${code}${digits}`, ...(digits.startsWith(code) ? [`+${digits}`] : [])];
  const [today] = old.map(asDialledToday).filter((number, index) => number !== old[index]);
  return today === undefined ? null : parsed(today, null);
}

function parsed(spelling: string, country: CountryCode | null): string | null {
  const number = parsePhoneNumberFromString(spelling, {
    extract: false,
    ...(country !== null && { defaultCountry: country }),
  });
  if (!number?.isPossible() || number.ext) return null;
  const found = asDialledToday(number.number);
  return e164.test(found) ? found : null;
}

/** Returns whether the text is a number without its country. */
export const isNational = (text: string): boolean => plainNumber(text)?.startsWith('+') === false;

/** Returns whether that is a country (ISO 3166) with a known numbering plan. */
export const isRegion = (region: string): boolean => /^[A-Z]{2}$/.test(region) && isSupportedCountry(region);

/** A telephone number in any international spelling. It becomes E.164. */
export const phoneNumber = z.string('must be text').transform((value, context) => {
  const number = toE164(value);
  if (number) return number;
  context.addIssue({ code: 'custom', message: 'must be an international telephone number, for example +14155550100' });
  return z.NEVER;
});
