import type { TenantDatabase } from '../database/database.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { integer, nullable, text, uuid } from '../database/sql/types.ts';
import { agentNotFound, announceAgent } from '../directory/agents/agents.ts';
import { announceParticipants } from '../directory/participants/announce.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { deleteInTransaction } from '../directory/participants/participants.ts';
import { demandForce, type Going } from '../values/going.ts';
import { announceConversation } from './conversations.ts';
import { announceMembershipsOf } from './ended-memberships.ts';

/** What goes with an agent, or is changed because it goes: how many of each. */
export type GoingWithAgent = {
  /** Participants of the kind AI_AGENT that are this agent: deleted. */
  representatives: number;
  /** Its contacts, which stay, but are not bound to it any more. */
  bindings: number;
  /** Conversations that belong to it, which stay, and belong to no agent any more. */
  conversations: number;
  /** Its memberships in conversations: deleted. */
  memberships: number;
  /** Its secret keys, and the webhook keys that are for it: they end. */
  keys: number;
};

const id = parameter('id', text);
const lock = statement(rows({ id: text }))`
  select a.id from agent a where a.tenant_id = ${tenant} and a.id = ${id} for update`;

const goingWith = statement(
  rows({ representatives: integer, bindings: integer, conversations: integer, memberships: integer, keys: integer }),
)`select
    (select count(*)::int from participant p where p.tenant_id = ${tenant} and p.related_agent_id = ${id}) as representatives,
    (select count(*)::int from binding b where b.tenant_id = ${tenant} and b.agent_id = ${id}) as bindings,
    (select count(*)::int from conversation c where c.tenant_id = ${tenant} and c.agent_id = ${id}) as conversations,
    (select count(*)::int from conversation_member m where m.tenant_id = ${tenant} and m.agent_id = ${id}) as memberships,
    (select count(*)::int from credential_key k where k.tenant_id = ${tenant} and k.agent_id = ${id} and k.revoked_at is null)
      + (select count(*)::int from webhook_key k where k.tenant_id = ${tenant} and k.agent_id = ${id} and k.revoked_at is null) as keys`;

const representatives = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.related_agent_id = ${id} order by p.id`;
// Before the agent, as everybody locks them who binds them.
const lockRepresentatives = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.related_agent_id = ${id} order by p.id for update`;
const contacts = statement(rows({ id: uuid }))`
  select b.participant_id as id from binding b where b.tenant_id = ${tenant} and b.agent_id = ${id} order by b.participant_id`;
const release = statement(rows({ id: uuid }))`
  update conversation c set agent_id = null where c.tenant_id = ${tenant} and c.agent_id = ${id} returning c.id`;
const releaseSenders = statement(nothing)`
  update unknown_sender u set agent_id = null where u.tenant_id = ${tenant} and u.agent_id = ${id}`;
const endKeys = statement(rows({ id: uuid, configId: nullable(uuid) }))`
  with credentials as (
    delete from credential_key k where k.tenant_id = ${tenant} and k.agent_id = ${id} returning k.id, null::uuid as config_id
  ), webhooks as (
    delete from webhook_key k where k.tenant_id = ${tenant} and k.agent_id = ${id} returning k.id, k.integration_config_id as config_id
  )
  select k.id, k.config_id as "configId" from (select * from credentials union all select * from webhooks) k`;

// Lists that miss some of a very large change read it anew when they are opened.
const maxReported = 1_000;

/**
 * Deletes an agent, with what goes with it, all or nothing; a `preview` only says what that would be. Contacts and
 * conversations stay. Throws AGENT_NOT_FOUND, and CONFLICT without `force` while something goes with it, naming what.
 */
export async function deleteAgent(
  db: TenantDatabase,
  input: { agentId: string; preview?: boolean | null | undefined; force?: boolean | null | undefined },
  hooks: Pick<ParticipantHooks, 'beforeDelete'>,
): Promise<Going<GoingWithAgent>> {
  const { agentId } = input;
  const values = { id: agentId };
  return db.transaction(async (tx) => {
    if (input.force && !input.preview) await tx.query(lockRepresentatives, values);
    const [found] = await tx.query(lock, values);
    if (!found) throw agentNotFound(agentId);
    const [goes] = (await tx.query(goingWith, values)) as [GoingWithAgent];
    if (input.preview) return { deletedId: null, goes };
    demandForce(goes, input.force);
    for (const { id } of await tx.query(representatives, values)) await deleteInTransaction(tx, id, hooks);
    const unbound = (await tx.query(contacts, values)).map(({ id }) => id);
    await announceMembershipsOf(tx, 'agent', agentId);
    const released = await tx.query(release, values);
    await tx.query(releaseSenders, values);
    for (const { id: keyId } of await tx.query(endKeys, values)) tx.announce('keyRevoked', { keyId });
    await tx.agent.deleteMany({ where: { tenantId: tx.tenantId, id: agentId } });
    announceAgent(tx, agentId, 'DELETED');
    announceParticipants(tx, unbound, [agentId]);
    for (const { id } of released.slice(0, maxReported)) announceConversation(tx, id, [agentId], 'UPDATED');
    return { deletedId: agentId, goes };
  });
}
