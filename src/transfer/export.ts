import type { TenantDatabase } from '../database/database.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { assured, json, nullable, uuid } from '../database/sql/types.ts';
import { csvCell } from './csv.ts';
import { fieldsOf, type Kind } from './fields.ts';
import type { Format } from './jobs.ts';

const row = assured(json<Record<string, unknown>>());
const after = parameter('after', nullable(uuid));
const atOnce = 1_000;

const pages = {
  EXTERNAL_USERS: statement(rows({ id: uuid, row }))`
    select u.id, json_build_object('id', u.id, 'firstName', u.first_name, 'lastName', u.last_name, 'email', u.email,
      'phoneNumber', u.phone_number, 'fkId', u.fk_id, 'fkUserId', u.fk_user_id, 'context', u.context, 'source', u.source, 'metadata', u.metadata) as row
    from external_user u where u.tenant_id = ${tenant} and (${after} is null or u.id > ${after}) order by u.id limit ${atOnce}`,
  PARTICIPANTS: statement(rows({ id: uuid, row }))`
    select p.id, json_build_object('id', p.id, 'kind', p.kind, 'displayName', p.display_name, 'email', p.email,
      'relatedAgentId', p.related_agent_id, 'disabledAt', p.disabled_at,
      'agentIds', (select json_agg(b.agent_id order by b.agent_id) from binding b where b.tenant_id = p.tenant_id and b.participant_id = p.id),
      'channels', (select json_agg(json_build_object('integrationConfigId', c.integration_config_id, 'address', c.address, 'priority', c.priority,
          'label', c.label, 'disabled', c.disabled) order by c.priority, c.id)
        from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id)) as row
    from participant p where p.tenant_id = ${tenant} and (${after} is null or p.id > ${after}) order by p.id limit ${atOnce}`,
  CONVERSATIONS: statement(rows({ id: uuid, row }))`
    select c.id, json_build_object('id', c.id, 'name', c.name, 'description', c.description, 'agentId', c.agent_id, 'attributes', c.attributes,
      'status', case when c.closed_at is null then 'OPEN' else 'CLOSED' end,
      'participants', (select json_agg(json_build_object('status', m.status, 'participant', case m.type
          when 'USER' then json_build_object('user', json_build_object('id', m.participant_id))
          when 'CONTACT' then json_build_object('contact', json_build_object('id', m.participant_id))
          when 'AGENT' then json_build_object('agent', json_build_object('id', m.participant_id))
          else json_build_object('flow', json_build_object('id', m.participant_id)) end) order by m.id)
        from conversation_member m where m.tenant_id = c.tenant_id and m.conversation_id = c.id and m.deleted_at is null
          and m.type in ('USER', 'CONTACT', 'AGENT', 'FLOW'))) as row
    from conversation c where c.tenant_id = ${tenant} and (${after} is null or c.id > ${after}) order by c.id limit ${atOnce}`,
};

const cellOf = (value: unknown): string | null =>
  value == null ? null : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Writes everything of a kind into a file from which it can be imported again. Returns its bytes and its rows. */
export async function exportRows(
  db: TenantDatabase,
  kind: Kind,
  format: Format,
): Promise<{ bytes: Uint8Array; total: number }> {
  const fields = fieldsOf(kind).filter((field) => kind !== 'EXTERNAL_USERS' || field !== 'displayName');
  const parts: Buffer[] = [];
  if (format === 'CSV') parts.push(Buffer.from(`${fields.join(',')}\r\n`));
  let total = 0;
  for (let last: string | null = null; ; ) {
    const found: { id: string; row: Record<string, unknown> }[] = await db.query(pages[kind], { after: last });
    const lines = found.map(({ row: given }) =>
      format === 'CSV'
        ? `${fields.map((field) => csvCell(cellOf(given[field]))).join(',')}\r\n`
        : `${JSON.stringify(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)))}\n`,
    );
    parts.push(Buffer.from(lines.join('')));
    total += found.length;
    last = found.at(-1)?.id ?? null;
    if (found.length < atOnce) return { bytes: Buffer.concat(parts), total };
  }
}
