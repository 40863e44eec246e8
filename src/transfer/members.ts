import { addAll } from '../conversations/create.ts';
import { wanted } from '../conversations/ensure.ts';
import type { TenantTransaction } from '../database/database.ts';
import type { IdentifierKey, MemberStatus, MemberType } from '../database/generated/client.ts';
import { newId } from '../database/ids.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { enumeration, nullable, text, timestamptz, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { MemberRow } from './rows.ts';

const conversationId = parameter('conversationId', uuid);
const type = parameter('type', enumeration<MemberType>('MemberType'));
const participantId = parameter('participantId', text);
const displayName = parameter('displayName', nullable(text));
const avatarUrl = parameter('avatarUrl', nullable(text));
const deletedAt = parameter('deletedAt', nullable(timestamptz));

// What the rules do not add: kinds that come only from elsewhere, and contacts that were deleted there.
const insertOther = statement(rows({ id: uuid }))`
  insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, status, display_name, avatar_url, deleted_at)
  select c.tenant_id, ${parameter('id', uuid)}, c.id, ${type}, ${participantId},
    ${parameter('status', enumeration<MemberStatus>('MemberStatus'))}, ${displayName}, ${avatarUrl}, ${deletedAt}
  from conversation c where c.tenant_id = ${tenant} and c.id = ${conversationId} and not exists (
    select from conversation_member m where m.tenant_id = c.tenant_id and m.conversation_id = c.id and m.type = ${type}
      and m.participant_id = ${participantId} and (m.deleted_at is null) = (${deletedAt} is null))
  on conflict do nothing returning id`;

const setShown = statement(rows({ id: uuid }))`
  update conversation_member m set display_name = coalesce(${displayName}, m.display_name),
    avatar_url = coalesce(${avatarUrl}, m.avatar_url),
    contact_key = coalesce(${parameter('contactKey', nullable(enumeration<IdentifierKey>('IdentifierKey')))}, m.contact_key)
  where m.tenant_id = ${tenant} and m.conversation_id = ${conversationId} and m.type = ${type} and m.participant_id = ${participantId}
    and m.deleted_at is null returning m.id`;

const typeOf = { user: 'USER', contact: 'CONTACT', agent: 'AGENT', flow: 'FLOW' } as const;

/** A member's type and id, where it is not named by an identifier. */
function nameOf({ participant }: MemberRow): { type: MemberType; participantId: string } | null {
  if (participant.other) return { type: participant.other.type, participantId: participant.other.id };
  for (const kind of ['user', 'contact', 'agent', 'flow'] as const) {
    const named = participant[kind];
    if (named) return { type: typeOf[kind], participantId: named.id };
  }
  return null;
}

function wantedOf({ participant }: MemberRow, path: readonly (string | number)[]) {
  try {
    return wanted(participant, path);
  } catch (error) {
    if (!(error instanceof Problem) || error.errors) throw error;
    throw new Problem(error.code, error.message, { errors: [{ path, message: error.message }] });
  }
}

/**
 * Adds those who take part in an open conversation; who is in it stays as it is. Returns how many were added. Throws
 * what the rules have against one of them, with its place in the row.
 */
export async function addMembers(tx: TenantTransaction, conversationId: string, members: readonly MemberRow[]) {
  let count = 0;
  for (const [index, member] of members.entries()) {
    const { status = 'ACTIVE', displayName = null, avatarUrl = null, identifierKey: contactKey = null } = member;
    const deletedAt = member.deletedAt ?? null;
    const named = nameOf(member);
    if (named && (deletedAt || member.participant.other)) {
      const shown = deletedAt ? { displayName: null, avatarUrl: null } : { displayName, avatarUrl };
      const values = { ...named, ...shown, conversationId, id: newId(), status, deletedAt };
      count += (await tx.query(insertOther, values)).length;
      continue;
    }
    const path = ['input', 'participants', index, 'participant'];
    const added = await addAll(tx, conversationId, [{ wanted: wantedOf(member, path), status, path }]);
    if (added > 0 && named && (displayName ?? avatarUrl ?? contactKey) !== null)
      await tx.query(setShown, { conversationId, ...named, displayName, avatarUrl, contactKey });
    count += added;
  }
  return count;
}
