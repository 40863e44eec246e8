// What the machine gives at best: no GraphQL, node:http and one prepared statement an operation, whose
// JSON is passed on as the database made it.
import { createServer } from 'node:http';
import pg from 'pg';
import { newId } from '../../../src/database/ids.ts';
import type { OperationName } from '../operations.ts';
import { listen, settings } from './settings.ts';

type Variables = { tenantId: string; key: string; userId?: string };

const channel = `c.id, c.integration_config_id as "integrationConfigId", c.provider, c.address, c.priority, c.label, c.disabled`;

const statements: Record<OperationName, { text: string; values(variables: Variables): unknown[] }> = {
  contactList: {
    text: `select coalesce(json_agg(row), '[]')::text as json from (
      select p.id, p.kind, p.display_name as "displayName", p.email, p.related_agent_id as "relatedAgentId",
        p.disabled_at as "disabledAt", p.avatar_file_id as "avatarFileId", p.avatar_source as "avatarSource",
        p.avatar_source_config_id as "avatarSourceConfigId", p.avatar_source_address as "avatarSourceAddress",
        p.avatar_synced_at as "avatarSyncedAt", p.created_at as "createdAt", p.modified_at as "modifiedAt",
        (select coalesce(json_agg(channel), '[]') from (
          select ${channel} from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id order by c.priority, c.id
        ) channel) as channels,
        (select coalesce(json_agg(o.agent_id order by o.agent_id), '[]') from binding o
          where o.tenant_id = p.tenant_id and o.participant_id = p.id) as "agentIds"
      from binding b join participant p on p.tenant_id = b.tenant_id and p.id = b.participant_id
      where b.tenant_id = $1 and b.agent_id = $2 order by p.display_name, p.id) row`,
    values: ({ tenantId, key }) => [tenantId, key],
  },
  inbox: {
    text: `select coalesce(json_agg(row), '[]')::text as json from (
      select v.id, v.name, v.closed_at as "closedAt", v.created_at as "createdAt", (
        select coalesce(json_agg(member), '[]') from (
          select m.id, m.participant_id as "participantId", m.type, m.status, case m.type
            when 'USER' then (select row_to_json(subject) from (
              select p.id, p.display_name as "displayName", (select coalesce(json_agg(channel), '[]') from (
                select ${channel} from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id order by c.priority, c.id
              ) channel) as channels
              from participant p where p.tenant_id = m.tenant_id and p.id = m.user_id) subject)
            when 'CONTACT' then (select row_to_json(subject) from (
              select u.id, u.first_name as "firstName", u.last_name as "lastName", u.email
              from external_user u where u.tenant_id = m.tenant_id and u.id = m.contact_id) subject)
          end as subject
          from conversation_member m where m.tenant_id = v.tenant_id and m.conversation_id = v.id order by m.id) member) as participants
      from conversation v where v.tenant_id = $1 and v.id < $2 order by v.id desc limit 20) row`,
    values: ({ tenantId, key }) => [tenantId, key],
  },
  participant: {
    text: `select row_to_json(row)::text as json from (
      select p.id, p.kind, p.display_name as "displayName", p.email, p.created_at as "createdAt"
      from participant p where p.tenant_id = $1 and p.id = $2) row`,
    values: ({ tenantId, key }) => [tenantId, key],
  },
  externalUser: {
    text: `select row_to_json(row)::text as json from (
      select (select row_to_json(found) from (
          select u.id, u.first_name as "firstName", u.last_name as "lastName", u.email, u.phone_number as "phoneNumber") found) as user,
        (select coalesce(json_agg(m.conversation_id order by m.conversation_id desc), '[]') from conversation_member m
          where m.tenant_id = u.tenant_id and m.contact_id = u.id) as "conversationIds"
      from external_user u
      where u.tenant_id = $1 and md5(lower(u.email)) = md5(lower($2)) and lower(u.email) = lower($2)) row`,
    values: ({ tenantId, key }) => [tenantId, key],
  },
  ensure: {
    text: `with existing as (
        select m.* from conversation_member m
        where m.tenant_id = $1 and m.conversation_id = $2 and m.type = 'USER' and m.participant_id = $3::text
      ), held as (
        select c.id, c.closed_at from conversation c
        where c.tenant_id = $1 and c.id = $2 and not exists (select from existing) for share
      ), added as (
        insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, user_id)
        select $1, $4, h.id, 'USER', $3::text, $3::uuid from held h where h.closed_at is null
        on conflict (tenant_id, conversation_id, type, participant_id) where deleted_at is null do nothing returning *
      )
      select json_build_object('created', created, 'participant', json_build_object('id', id, 'participantId', participant_id,
        'type', type, 'status', status, 'createdAt', created_at))::text as json
      from (select *, true as created from added union all select *, false from existing) member`,
    values: ({ tenantId, key, userId }) => [tenantId, key, userId, newId()],
  },
};

const pool = new pg.Pool({
  connectionString: settings.databaseUrl,
  max: settings.poolSize,
  options: '-c TimeZone=UTC',
});

async function answer(body: string): Promise<string> {
  const { operation, variables } = JSON.parse(body) as { operation: OperationName; variables: Variables };
  const { text, values } = statements[operation];
  const { rows } = await pool.query<{ json: string }>({ name: operation, text, values: values(variables) });
  return rows[0] ? `{"data":${rows[0].json}}` : '{"errors":[{"message":"There is nothing."}]}';
}

await listen(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    const send = (status: number, text: string) => {
      response.writeHead(status, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(text),
      });
      response.end(text);
    };
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      answer(Buffer.concat(chunks).toString('utf8')).then(
        (text) => send(200, text),
        (error: Error) => send(500, JSON.stringify({ errors: [{ message: error.message }] })),
      );
    });
  }),
);
