import { z } from 'zod';
import { asUuid } from '../database/ids.ts';
import { importedUser } from '../external-users/create.ts';
import { compareKey, fieldOf, type Identifier, identifier, identifierKeys } from '../external-users/identifiers.ts';
import { viaOf } from './known-users.ts';
import { type Given, type Rejection, refusal } from './outcome.ts';

/** An identifier of a row: what it is compared by, and the field that has it, as a report names it. */
export type Compared = Identifier & { compared: string; field: string };

/** A row whose values are right. `others` are the identifiers beside the primary ones. */
export type Checked = {
  line: number;
  id: string | null;
  user: z.output<typeof importedUser>;
  others: Compared[];
  all: Compared[];
};

// Behind a comma these are no first name.
const suffix = /^(?:jr|sr|i{2,3}|iv|ph\.?\s?d|m\.?d|esq|inc|ltd|llc|llp|plc|corp|co|gmbh|ag|kg|s\.?a|b\.?v|e\.?v)\b/i;

// Words that a last name begins with.
const particle = /^(?:van|von|vom|der|den|des|ter|ten|zu|zur|zum|de|da|di|do|dos|du|del|della|la|le|bin|ibn)$/;

/** Divides names of words: the last one is the last name, with the particles before it. */
function divided(words: readonly string[]): { firstName: string; lastName?: string } {
  const at = words.findIndex((word, n) => n > 0 && n < words.length - 1 && particle.test(word));
  const from = at > 0 ? at : Math.max(1, words.length - 1);
  const last = words.slice(from).join(' ');
  return { firstName: words.slice(0, from).join(' '), ...(last && { lastName: last }) };
}

/** The names in one text: the last word is the last name, or what stands before the comma. What follows one stays. */
function withNames(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { displayName, ...others } = fields;
  if (typeof displayName !== 'string' || others['firstName'] != null || others['lastName'] != null) return others;
  const parts = displayName.split(',').map((part) => part.trim());
  const at = parts.findIndex((part, n) => n > 0 && suffix.test(part));
  const behind = at < 0 ? '' : `, ${parts.slice(at).join(', ')}`;
  const [family, given, ...more] = at < 0 ? parts : parts.slice(0, at);
  if (family && given && more.length === 0) return { ...others, firstName: given, lastName: family + behind };
  const whole = at < 0 ? displayName : parts.slice(0, at).join(', ');
  const { firstName, lastName } = divided(whole.trim().split(/\s+/));
  return lastName === undefined
    ? { ...others, firstName: firstName + behind }
    : { ...others, firstName, lastName: lastName + behind };
}

const maxOthers = 1_000;
const otherIdentifiers = z
  .array(
    z.object({
      identifierKey: z.enum(identifierKeys, 'is no kind of identifier'),
      identifierValue: z.string(),
      // Where it was read from, if not from the list: what a report names.
      column: z.string().optional(),
    }),
    'must be a list',
  )
  .max(maxOthers, `must be at most ${maxOthers} identifiers`)
  .nullish();

const comparable = ({ key, value }: Identifier, field: string): Compared => ({
  key,
  value,
  compared: compareKey(key, value),
  field,
});

/** Returns a row after its rules, or why it is refused. */
export function check({ line, fields }: Given): Checked | Rejection {
  const { id = null, otherIdentifiers: given, ...values } = withNames(fields);
  const user = importedUser.safeParse(values);
  const wanted = otherIdentifiers.safeParse(given);
  if (!user.success || !wanted.success) {
    const [issue] = user.error?.issues ?? wanted.error?.issues ?? [];
    const path = [...(user.success ? ['otherIdentifiers'] : []), ...(issue?.path ?? [])];
    return { line, field: path.join('.') || null, reason: issue?.message ?? 'is not right' };
  }
  const primary = identifierKeys.flatMap((key): Compared[] => {
    const field = fieldOf(key) as 'email' | 'phoneNumber' | 'fkId';
    const value = user.data[field];
    return value == null ? [] : [comparable({ key, value }, field)];
  });
  try {
    const given = (wanted.data ?? []).map(({ identifierKey, identifierValue, column }, index) => {
      const path = column ? [column] : ['otherIdentifiers', index, 'identifierValue'];
      return comparable(identifier(identifierKey, identifierValue, path), path.join('.'));
    });
    // A row may name an identifier twice.
    const all = [...new Map([...given, ...primary].map((each) => [viaOf(each.key, each.compared), each])).values()];
    const others = all.filter((each) => !primary.includes(each));
    const ownId = typeof id === 'string' ? asUuid(id) : null;
    return { line, id: ownId, user: user.data, others, all };
  } catch (error) {
    return refusal(line, error, { unexpected: () => {} });
  }
}

/** Whether a row is refused by its rules. */
export const isRefused = (row: Checked | Rejection): row is Rejection => 'reason' in row;

/** What a right row names users by. */
export const keysOf = ({ id, all }: Checked): string[] => [
  ...(id ? [`id ${id}`] : []),
  ...all.map(({ key, compared }) => viaOf(key, compared)),
];

/** What a row names users by; nothing where the row is refused. Rows that name the same user have one in common. */
export function keysOfUser(row: Given): string[] {
  const checked = check(row);
  return isRefused(checked) ? [] : keysOf(checked);
}
