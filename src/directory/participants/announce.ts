import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';

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
 * Announces that an integration config's connection or keys have changed, so that participants with a channel in it may
 * have become reachable or unreachable. In a transaction it is announced after the commit, otherwise at once.
 */
export const announceConfig = (
  db: Pick<TenantDatabase | TenantTransaction, 'announce'>,
  integrationConfigId: string,
): void => db.announce('participantChanged', { participantIds: [], unbound: [], integrationConfigId });
