import type { TenantTransaction } from '../database/database.ts';

/** Says, once the transaction has committed, that a participant is not as it was, and whose contact it has ceased to be. */
export const announceParticipant = (tx: TenantTransaction, participantId: string, unboundFrom: readonly string[] = []): void =>
  tx.announce('participantChanged', {
    participantIds: [participantId],
    unbound: unboundFrom.map((agentId) => ({ participantId, agentId })),
    integrationConfigId: null,
  });
