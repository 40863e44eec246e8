import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { RowChange } from '../../events/events.ts';

/** Announces, after the commit, that a participant has changed, and which agents have lost it as a contact. */
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
 * Announces a change of an integration config, of its connection or its keys: participants with a channel in it may
 * have become reachable or unreachable. In a transaction it is announced after the commit, otherwise at once.
 */
export function announceConfig(
  db: Pick<TenantDatabase | TenantTransaction, 'announce' | 'now'>,
  integrationConfigId: string,
  change: RowChange = 'UPDATED',
): void {
  db.announce('integrationConfigChanged', { integrationConfigId, change, occurredAt: db.now().toISOString() });
  if (change !== 'CREATED') db.announce('participantChanged', { participantIds: [], unbound: [], integrationConfigId });
}

// What travels as one event stays small.
const maxAtOnce = 500;

/** The same of many participants. */
export function announceParticipants(
  tx: TenantTransaction,
  participantIds: readonly string[],
  unboundFrom: readonly string[] = [],
): void {
  for (let start = 0; start < participantIds.length; start += maxAtOnce) {
    const some = participantIds.slice(start, start + maxAtOnce);
    const unbound = some.flatMap((participantId) => unboundFrom.map((agentId) => ({ participantId, agentId })));
    tx.announce('participantChanged', { participantIds: some, unbound, integrationConfigId: null });
  }
}
