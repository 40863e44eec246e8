import type { TenantTransaction } from '../database/database.ts';
import { rows } from '../database/sql/columns.ts';
import { type Fragment, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { text, uuid } from '../database/sql/types.ts';
import type { Events } from '../events/events.ts';

// Lists that miss some of a very large change read it anew when they are opened.
const maxReported = 10_000;

type Ended = { id: string; conversationId: string };
const ended = rows({ id: uuid, conversationId: uuid });
const membershipsWhere = (condition: Fragment<{ readonly id: string }>) =>
  statement(ended)`
    select m.id, m.conversation_id as "conversationId" from conversation_member m
    where m.tenant_id = ${tenant} and ${condition} and m.deleted_at is null limit ${maxReported}`;

/** The memberships that end with a row of each kind. */
const memberships = {
  participant: membershipsWhere(sql`m.user_id = ${parameter('id', uuid)}`),
  agent: membershipsWhere(sql`m.agent_id = ${parameter('id', text)}`),
  conversation: membershipsWhere(sql`m.conversation_id = ${parameter('id', uuid)}`),
};

function announceEnd(
  tx: TenantTransaction,
  those: readonly Ended[],
  more?: Pick<Events['conversationParticipantChanged'], 'ofDeleted'>,
): void {
  const occurredAt = tx.now().toISOString();
  for (const { id: membershipId, conversationId } of those)
    tx.announce('conversationParticipantChanged', {
      conversationId,
      membershipId,
      change: 'REMOVED',
      occurredAt,
      ...more,
    });
}

/**
 * Announces, after the commit, that the memberships of a participant or an agent are deleted with it: of 10,000 at
 * most. The row must be locked for update, so that no other transaction adds a membership meanwhile.
 */
export async function announceMembershipsOf(
  tx: TenantTransaction,
  kind: 'participant' | 'agent',
  id: string,
): Promise<void> {
  announceEnd(tx, await tx.query(memberships[kind], { id }));
}

/** The same for the memberships of a conversation that is deleted, and that belonged to that agent or to none. */
export async function announceMembershipsIn(
  tx: TenantTransaction,
  conversation: { id: string; agentId: string | null },
): Promise<void> {
  const { id, agentId } = conversation;
  announceEnd(tx, await tx.query(memberships.conversation, { id }), { ofDeleted: { agentId } });
}

const bury = statement(ended)`
  update conversation_member m set deleted_at = now(), contact_id = null, contact_key = null, display_name = null, avatar_url = null
  where m.tenant_id = ${tenant} and m.contact_id = ${parameter('id', uuid)} returning m.id, m.conversation_id as "conversationId"`;

/**
 * Ends the memberships of an external user that is about to be deleted. Each stays as a tombstone, with nothing of the
 * person's. The user must be locked for update.
 */
export async function leaveTombstones(tx: TenantTransaction, externalUserId: string): Promise<void> {
  announceEnd(tx, (await tx.query(bury, { id: externalUserId })).slice(0, maxReported));
}
