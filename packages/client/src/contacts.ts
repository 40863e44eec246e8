import type { ContactFragment, ContactsChangedSubscription } from './generated/graphql.ts';

const names = new Intl.Collator('und', { sensitivity: 'base' });

/**
 * Returns the list with the changes of an event, in the order of names. Does not know what `everything` means: then the
 * list is to be read again.
 */
export function applyContactChange(
  contacts: readonly ContactFragment[],
  { participants, removedIds }: ContactsChangedSubscription['participantChanged'],
): ContactFragment[] {
  const gone = new Set([...removedIds, ...participants.map(({ id }) => id)]);
  return [...contacts.filter(({ id }) => !gone.has(id)), ...participants].sort(
    (one, other) => names.compare(one.displayName, other.displayName) || (one.id < other.id ? -1 : 1),
  );
}
