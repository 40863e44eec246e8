import { sql } from '../database/sql/fragment.ts';

/*
 * What is stored, as rows of files have it: what an export writes, and what an import compares with.
 */

/** An `external_user u`. */
export const storedUser = sql`json_build_object('id', u.id, 'firstName', u.first_name, 'lastName', u.last_name, 'email', u.email,
  'phoneNumber', u.phone_number, 'fkId', u.fk_id, 'otherIdentifiers', (
    select json_agg(json_build_object('identifierKey', i.identifier_key, 'identifierValue', i.identifier_value) order by i.id)
    from external_user_identifier i where i.tenant_id = u.tenant_id and i.external_user_id = u.id and not i.is_primary),
  'fkUserId', u.fk_user_id, 'context', u.context, 'source', u.source, 'metadata', u.metadata)`;

/** A `participant p`. */
export const storedParticipant = sql`json_build_object('id', p.id, 'kind', p.kind, 'displayName', p.display_name, 'email', p.email,
  'relatedAgentId', p.related_agent_id, 'disabledAt', p.disabled_at,
  'agentIds', (select json_agg(b.agent_id order by b.agent_id) from binding b where b.tenant_id = p.tenant_id and b.participant_id = p.id),
  'channels', (select json_agg(json_build_object('integrationConfigId', c.integration_config_id, 'address', c.address, 'priority', c.priority,
      'label', c.label, 'disabled', c.disabled) order by c.priority, c.id)
    from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id))`;

/** A `conversation c`, with everybody who takes part in it, in the order in which they were added. */
export const storedConversation = sql`json_build_object('id', c.id, 'name', c.name, 'description', c.description, 'agentId', c.agent_id,
  'attributes', c.attributes, 'status', case when c.closed_at is null then 'OPEN' else 'CLOSED' end, 'closedAt', c.closed_at,
  'participants', (select json_agg(json_strip_nulls(json_build_object('participant', case
      when m.type in ('USER', 'CONTACT', 'AGENT', 'FLOW') then json_build_object(lower(m.type::text), json_build_object('id', m.participant_id))
      else json_build_object('other', json_build_object('type', m.type, 'id', m.participant_id)) end,
      'status', m.status, 'displayName', m.display_name, 'avatarUrl', m.avatar_url, 'identifierKey', m.contact_key,
      'deletedAt', m.deleted_at)) order by m.id)
    from conversation_member m where m.tenant_id = c.tenant_id and m.conversation_id = c.id))`;
