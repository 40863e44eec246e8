import type { TenantTransaction } from '../database/database.ts';
import type { Events } from '../events/events.ts';

type Membership = Events['conversationParticipantChanged'];

/**
 * Returns the transaction with an `announce` that keeps changes of memberships, and `tell`, which announces of each
 * membership what has become of it in the end: who was there for a short time only is not spoken of.
 */
export function netChanges(tx: TenantTransaction): { quiet: TenantTransaction; tell(): void } {
  const first = new Map<string, Membership>();
  const last = new Map<string, Membership>();
  const announce: TenantTransaction['announce'] = (name, event) => {
    if (name !== 'conversationParticipantChanged') return tx.announce(name, event);
    const changed = event as Membership;
    if (!first.has(changed.membershipId)) first.set(changed.membershipId, changed);
    last.set(changed.membershipId, changed);
  };
  // Not assigned to `tx`: its properties belong to the one client that all transactions use.
  const quiet = Object.create(tx, { announce: { value: announce, enumerable: true } }) as TenantTransaction;
  const tell = () => {
    for (const [id, end] of last) {
      const isNew = first.get(id)?.change === 'ADDED';
      if (isNew && end.change === 'REMOVED') continue;
      const change = end.change === 'REMOVED' ? 'REMOVED' : isNew ? 'ADDED' : 'UPDATED';
      tx.announce('conversationParticipantChanged', { ...end, change });
    }
  };
  return { quiet, tell };
}
