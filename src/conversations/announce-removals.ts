import type { TenantTransaction } from '../database/database.ts';

/**
 * Announces, after the commit, that the memberships of a participant or external user are deleted with it. The row must
 * be locked for update, so that no other transaction adds a membership meanwhile.
 */
export async function announceRemovals(
  tx: TenantTransaction,
  of: { userId: string } | { contactId: string },
): Promise<void> {
  const where = { tenantId: tx.tenantId, ...of };
  const memberships = await tx.conversationMember.findMany({ where, select: { id: true, conversationId: true } });
  const occurredAt = tx.now().toISOString();
  for (const { id: membershipId, conversationId } of memberships)
    tx.announce('conversationParticipantChanged', { conversationId, membershipId, change: 'REMOVED', occurredAt });
}
