import { asEmailAddress, mailboxOf } from '../values/email-address.ts';
import { toE164 } from '../values/phone-number.ts';

/** An identifier, and the field of the column that it comes from. */
type InCell = { identifierKey: string; identifierValue: string; column: string };

type Kind = { identifierKey: string; isOne(cell: string): boolean; parts(cell: string): string[] };

// Outlook writes an address that has no name between quotes.
const quoted = /^['‘“"]([^'"’”]+)['’”"]$/;
// A name between quotes, before an address between brackets, may have a sign that divides.
const quotedName = /"[^"]*"\s*(?=<)/g;
// One blank on either side: to look for all of them takes a time that grows with the square of their number.
const and = String.raw`\s(?:and|or|und|oder|et|ou|y|&|\+)\s`;
const addressSigns = new RegExp(
  [
    String.raw`[;|\n]`,
    // After a domain without a dot it is a dot that somebody has missed, unless another address follows.
    String.raw`,(?<!@[^\s.,]+,)|,(?=[^,;|\n]*@)`,
    String.raw`(?<=@[^\s/@]+)\s*/`,
    `(?<=@\\S+)${and}`,
    String.raw`\s(?=[^\s<(]+@)`,
    String.raw`(?<=>)\s`,
  ].join('|'),
  'i',
);
// A plus begins a number.
const numberSigns = new RegExp(String.raw`[;,|\n]|\s/\s|/(?=\s*\+)|${and}|\s(?=\+)`, 'i');
const whatsapp = /^(?:https?:\/\/)?(?:www\.)?wa\.me\/\+?/i;
const label = /\([^()\d]*\)$/;

const kinds: Readonly<Record<string, Kind>> = {
  email: {
    identifierKey: 'emailaddress',
    isOne: (cell) => asEmailAddress(cell) !== null,
    // What has no sign of an address is a name before one. A blank divides where an address follows it, and a slash
    // behind an address: before its sign it is a part of it. A sentence may end with an address.
    parts: (cell) =>
      cell
        .replaceAll(quotedName, '')
        .split(addressSigns)
        .filter((part) => part.includes('@'))
        .map((part) => mailboxOf(part).replace(quoted, '$1').replace(/\.$/, '')),
  },
  phoneNumber: {
    identifierKey: 'phonenumber',
    isOne: (cell) => toE164(cell) !== null,
    // What has no digit says what number it is. That of a fax is for the rules to refuse.
    parts: (cell) =>
      /fax/i.test(cell)
        ? []
        : cell
            .split(numberSigns)
            .filter((part) => /\d/.test(part))
            .map((part) => part.trim().replace(label, '').replace(whatsapp, '+')),
  },
};

/** Longer cells are left as they are, for the rules to refuse. */
const longestCell = 4_000;

/**
 * Returns the identifiers in a cell of that field, of which spreadsheets have several in one: `+1 415 555 0100; +1 415
 * 555 0101`, or an address as a link or with a name. What cannot be taken apart is one, for the rules to judge. Null
 * for fields of other values.
 */
export function identifiersIn(field: string, cell: string): readonly [InCell, ...InCell[]] | null {
  const kind = Object.hasOwn(kinds, field) ? kinds[field] : undefined;
  if (!kind) return null;
  const { identifierKey } = kind;
  const isOne = cell.length > longestCell || kind.isOne(cell.trim());
  const [first = cell, ...others] = isOne ? [] : kind.parts(cell).map((part) => part.trim());
  const inCell = (identifierValue: string): InCell => ({ identifierKey, identifierValue, column: field });
  return [inCell(first), ...others.map(inCell)];
}

const rounded = /^['\s+]*(?:tel:)?\+?\d+(?:[.,]\d+)*\s?(?:E|[x×*]\s?10\^)\s?\+?\d+$/i;
const counted = /^'?\+?\d+[.,]0+$/;
const shortened = /^[^/]*\/\s*\d{1,2}$/;
const extended = /\d\W*(?:\b(?:extension|extn?|durchwahl|dw|poste)\b[.:=]?|\bext\.|x|#)\s?\d{1,6}\)?$/i;

const rewrite = 'format the column as text, and enter it anew';
/** Why a number that a spreadsheet has rounded is refused. */
export const wasRounded = `is a number that a spreadsheet has rounded: ${rewrite}`;

/**
 * Returns why a cell is no telephone number, where there is more to say than that: a spreadsheet has taken the number
 * for a quantity and perhaps rounded it, as in `4.91512E+11`, of a second one only the last digits are written, as in
 * `+49 30 1234567 / 68`, or it has an extension. Without these it would be somebody else's.
 */
export function faultOfNumber(cell: string): string | null {
  if (rounded.test(cell)) return wasRounded;
  if (counted.test(cell)) return `is a number that a spreadsheet has taken for a quantity: ${rewrite}`;
  if (shortened.test(cell) && cell.replaceAll(/\/.*|\D/gs, '').length > 8)
    return 'is two numbers of which one is shortened: write both in full, with a semicolon between them';
  return extended.test(cell) && toE164(cell) === null
    ? 'has an extension, which several people may share: write a number of the person’s own, without one'
    : null;
}
