import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { z } from 'zod';

const e164 = /^\+[1-9]\d{1,14}$/;

/** The telephone number in E.164 (`+14155550100`), or null when it isn't an international number of a possible length. */
export function toE164(value: string): string | null {
  if (value.length > 60) return null;
  const number = parsePhoneNumberFromString(value.trim().replace(/^00/, '+'));
  if (!number?.isPossible() || number.ext) return null;
  return e164.test(number.number) ? number.number : null;
}

/** A telephone number in any international spelling; becomes E.164. */
export const phoneNumber = z.string('must be text').transform((value, context) => {
  const number = toE164(value);
  if (number) return number;
  context.addIssue({ code: 'custom', message: 'must be an international telephone number, such as +14155550100' });
  return z.NEVER;
});
