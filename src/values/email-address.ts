import { domainToASCII } from 'node:url';
import { z } from 'zod';
import { text } from './text.ts';

// HTML's definition of a valid e-mail address, which the EmailAddress scalar uses too.
const form =
  /^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

const ascii = /^[\x21-\x7e]*$/;

/**
 * Returns the address with its domain in ASCII (`bücher.example` is `xn--bcher-kva.example`). Null when it is not an
 * address.
 */
export function asEmailAddress(value: string): string | null {
  if (form.test(value)) return value;
  const at = value.lastIndexOf('@');
  if (at < 0 || value.length > 4_000) return null;
  const domain = value.slice(at + 1);
  // An ASCII text has nothing to translate, and did not match.
  if (ascii.test(domain) || /\s/.test(domain)) return null;
  const address = `${value.slice(0, at)}@${domainToASCII(domain)}`;
  return form.test(address) ? address : null;
}

// What copying brings along: marks that cannot be seen, at either end.
const around = /^[\s\p{Cf}]+|[\s\p{Cf}]+$/gu;
// A name before the address, in quotes if it has signs of the syntax; a comment behind it, or behind an address alone.
const named = /^(?:"(?:[^"\\]|\\.)*"|[^<>"])*<\s*([^<>\s]+)\s*>(?:\s*\([^()]*\))?$/;
const commented = /^([^\s<>()"]+)\s*\([^()]*\)$/;
const mailto = /^mailto:([^?]*)(?:\?.*)?$/i;

function ofLink(link: string): string {
  const [, escaped] = mailto.exec(link) ?? [];
  if (escaped === undefined) return link;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return escaped;
  }
}

/**
 * Returns the address of `Ada <ada@example.com>`, `ada@example.com (Ada)` and `mailto:ada@example.com`. Trims any other
 * text, also of marks that cannot be seen. Full-width signs become ASCII.
 */
export function mailboxOf(value: string): string {
  if (value.length > 8_000) return value;
  const plain = value
    .replaceAll(around, '')
    .replaceAll(/[\uFF01-\uFF5E]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0));
  return ofLink(named.exec(plain)?.[1] ?? commented.exec(plain)?.[1] ?? plain);
}

/** Returns the key that e-mail addresses are compared by: lower case. Null when the text is not an address. */
export const emailKey = (value: string): string | null => asEmailAddress(mailboxOf(value))?.toLowerCase() ?? null;

const addressText = text(1, 4_000);

/**
 * An e-mail address of at most 4,000 characters. It is trimmed and its domain becomes ASCII; the rest is kept as given.
 */
export const emailAddress = z
  .string('must be text')
  .trim()
  .transform((value, context) => {
    // An address has no character that a text must not have, so only what is none is examined as a text.
    const address = value.length > 4_000 ? null : asEmailAddress(value);
    if (address !== null) return address;
    const { error } = addressText.safeParse(value);
    const messages = error?.issues.map(({ message }) => message) ?? ['must be an e-mail address'];
    // What else is wrong with the input is told too.
    for (const message of messages) context.addIssue({ code: 'custom', message, continue: true });
    return value;
  });
