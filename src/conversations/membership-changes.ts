import type { TenantDatabase } from '../database/database.ts';
import type { MemberStatus } from '../database/generated/client.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { enumeration, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import { demandUnmodified, type IfModifiedAt } from '../values/unmodified.ts';
import { conversationClosed, lockConversation } from './conversations.ts';
import { asMembers, findMember, type MemberName, memberKey, memberRow } from './memberships.ts';
import type { Member } from './subject.ts';

/** Returns CONVERSATION_PARTICIPANT_NOT_FOUND for somebody who takes no part. */
export const memberNotFound = () =>
  new Problem('CONVERSATION_PARTICIPANT_NOT_FOUND', 'Nobody of that identity takes part in the conversation.');

/** The transitions that a status allows. Keeping the status is always allowed. */
const transitions: Readonly<Record<MemberStatus, readonly MemberStatus[]>> = {
  PENDING: ['ACTIVE', 'INVITED'],
  INVITED: ['ACTIVE'],
  ACTIVE: [],
};

const setStatus = statement(memberRow)`
  update conversation_member m set status = ${parameter('status', enumeration<MemberStatus>('MemberStatus'))}
  where m.tenant_id = ${tenant} and m.id = ${parameter('id', uuid)} and m.deleted_at is null returning ${memberRow}`;

/** Names the membership and its changes. A status that is absent or null stays as it is. */
export type ParticipantPatch = MemberName &
  IfModifiedAt & { conversationId: string; status?: MemberStatus | null | undefined };

/**
 * Changes the status of a membership. Throws CONVERSATION_NOT_FOUND, CONVERSATION_PARTICIPANT_NOT_FOUND, and
 * PARTICIPANT_STATE_CONFLICT for a change that its status, or a closed conversation, forbids.
 */
export async function patchConversationParticipant(db: TenantDatabase, input: ParticipantPatch): Promise<Member> {
  const key = memberKey(input, ['input']);
  const { status } = input;
  return db.queueFor(input.conversationId).transaction(async (tx) => {
    const { id: conversationId, closedAt } = await lockConversation(tx, input.conversationId);
    const member = await findMember(tx, conversationId, key);
    if (!member) throw memberNotFound();
    demandUnmodified(member, input);
    if (status == null || status === member.status) return member;
    if (closedAt) throw conversationClosed(conversationId);
    if (!transitions[member.status].includes(status))
      throw new Problem('PARTICIPANT_STATE_CONFLICT', `A participant who is ${member.status} cannot become ${status}.`);
    const [changed] = asMembers(await tx.query(setStatus, { id: member.id, status }));
    // Deleted with its subject, which takes no lock on the conversation.
    if (!changed) throw memberNotFound();
    tx.announce('conversationParticipantChanged', {
      conversationId,
      membershipId: changed.id,
      change: 'UPDATED',
      occurredAt: tx.now().toISOString(),
    });
    return changed;
  });
}

const othersActive = statement(rows({ id: uuid }))`
  select m.id from conversation_member m
  where m.tenant_id = ${tenant} and m.conversation_id = ${parameter('conversationId', uuid)} and m.id <> ${parameter('id', uuid)}
    and m.type in ('USER', 'AGENT') and m.status = 'ACTIVE' limit 1`;

/**
 * Deletes a membership and returns its id. Throws CONVERSATION_NOT_FOUND, CONVERSATION_PARTICIPANT_NOT_FOUND, and
 * REMOVAL_NOT_ALLOWED for the last active user or agent of an open conversation.
 */
export async function removeConversationParticipant(
  db: TenantDatabase,
  input: MemberName & { conversationId: string },
): Promise<string> {
  const key = memberKey(input, ['input']);
  return db.queueFor(input.conversationId).transaction(async (tx) => {
    const { id: conversationId, closedAt } = await lockConversation(tx, input.conversationId);
    const member = await findMember(tx, conversationId, key);
    if (!member) throw memberNotFound();
    const { id, type, status } = member;
    const carries = !closedAt && status === 'ACTIVE' && (type === 'USER' || type === 'AGENT');
    if (carries && (await tx.query(othersActive, { conversationId, id })).length === 0)
      throw new Problem('REMOVAL_NOT_ALLOWED', 'The last active user or agent of an open conversation stays.');
    const { count } = await tx.conversationMember.deleteMany({ where: { tenantId: db.tenantId, id, deletedAt: null } });
    if (count === 0) throw memberNotFound();
    tx.announce('conversationParticipantChanged', {
      conversationId,
      membershipId: id,
      change: 'REMOVED',
      occurredAt: tx.now().toISOString(),
    });
    return id;
  });
}
