import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';

/** Says, once the transaction has committed, that a participant is not as it was, and whose contact it has ceased to be. */
export const announceParticipant = (
  tx: TenantTransaction,
  participantId: string,
  unboundFrom: readonly string[] = [],
): void =>
  tx.announce('participantChanged', {
    participantIds: [participantId],
    unbound: unboundFrom.map((agentId) => ({ participantId, agentId })),
    integrationConfigId: null,
  });

/**
 * Says that an integration config changed, in its connection or its keys, so that whoever has a channel in it may be reached now,
 * or not any more: once the transaction has committed, or at once for what has been.
 */
export const announceConfig = (
  db: Pick<TenantDatabase | TenantTransaction, 'announce'>,
  integrationConfigId: string,
): void => db.announce('participantChanged', { participantIds: [], unbound: [], integrationConfigId });

// What travels as one event stays small.
const mostAtOnce = 500;

/** The same of many participants. */
export function announceParticipants(
  tx: TenantTransaction,
  participantIds: readonly string[],
  unboundFrom: readonly string[] = [],
): void {
  for (let start = 0; start < participantIds.length; start += mostAtOnce) {
    const some = participantIds.slice(start, start + mostAtOnce);
    const unbound = some.flatMap((participantId) => unboundFrom.map((agentId) => ({ participantId, agentId })));
    tx.announce('participantChanged', { participantIds: some, unbound, integrationConfigId: null });
  }
}
