import type { ContactFragment, ContactsChangedSubscription } from './generated/graphql.ts';

/**
 * Returns the list with the changes of an event, in the order of the service: names without case and accents, then
 * names as they are, then ids. Does not know what `everything` means: then the list is to be read again.
 */
export function applyContactChange(
  contacts: readonly ContactFragment[],
  { participants, removedIds }: ContactsChangedSubscription['participantChanged'],
): ContactFragment[] {
  const gone = new Set([...removedIds, ...participants.map(({ id }) => id)]);
  return [...contacts.filter(({ id }) => !gone.has(id)), ...participants]
    .map((contact) => ({ contact, key: nameKey(contact.displayName) }))
    .sort(
      (one, other) =>
        compare(one.key, other.key) ||
        compare(one.contact.displayName, other.contact.displayName) ||
        compare(one.contact.id, other.contact.id),
    )
    .map(({ contact }) => contact);
}

const compare = (one: string, other: string): number => (one === other ? 0 : one < other ? -1 : 1);

// Letters with a stroke, and ligatures, have no base letter in Unicode. The service knows more alphabets than Latin.
const plain: Readonly<Record<string, string>> = {
  æ: 'ae',
  œ: 'oe',
  ß: 'ss',
  þ: 'th',
  ð: 'd',
  đ: 'd',
  ħ: 'h',
  ı: 'i',
  ł: 'l',
  ŋ: 'n',
  ø: 'o',
  ŧ: 't',
};

const nameKey = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[æœßþðđħıłŋøŧ]/g, (letter) => plain[letter] ?? letter);
