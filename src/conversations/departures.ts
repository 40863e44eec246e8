import type { TenantTransaction } from '../database/database.ts';

/**
 * Announces, once the transaction has committed, that someone who is about to be deleted leaves every conversation. It must be
 * locked for update: then nobody can make it a member of another meanwhile.
 */
export async function announceDepartures(
  tx: TenantTransaction,
  of: { userId: string } | { contactId: string },
): Promise<void> {
  const where = { tenantId: tx.tenantId, ...of };
  const memberships = await tx.conversationMember.findMany({ where, select: { id: true, conversationId: true } });
  const occurredAt = tx.now().toISOString();
  for (const { id: membershipId, conversationId } of memberships)
    tx.announce('conversationParticipantChanged', { conversationId, membershipId, change: 'REMOVED', occurredAt });
}
