import type { TestApp } from '../app.ts';

/**
 * Six tenants, the service's own among them, with enough rows that reading a table from end to end costs more than its
 * index.
 */
export async function fill({ app, tenant, createTenant }: TestApp): Promise<void> {
  const others = await Promise.all(Array.from({ length: 5 }, () => createTenant()));
  const tenants = [tenant, ...others].map(({ id }) => `('${id}'::uuid)`).join(', ');
  await app.database.connection.script(async (script) => {
    await script(`
      create temporary table t as select id, row_number() over () as n from (values ${tenants}) v(id);
      create function pg_temp.id(kind int, tenant bigint, n bigint) returns uuid immutable language sql as
        $$ select (lpad(to_hex(kind), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(tenant * 1000000 + n), 12, '0'))::uuid $$;
      insert into agent (tenant_id, id, name) select t.id, 'agent-' || a, 'Agent ' || a from t, generate_series(0, 199) a;
      insert into integration_config (tenant_id, id, provider, name) select t.id, pg_temp.id(1, n, 0), 'sms', 'SMS' from t;
      insert into participant (tenant_id, id, kind, display_name, email)
        select t.id, pg_temp.id(2, t.n, p), 'PERSON', 'Person ' || p, 'person' || p || '@example.com' from t, generate_series(1, 1200) p;
      insert into channel (tenant_id, id, participant_id, integration_config_id, provider, address, address_valid)
        select t.id, pg_temp.id(3 + c, t.n, p), pg_temp.id(2, t.n, p), pg_temp.id(1, t.n, 0), 'sms', '+1415' || c || p, true
        from t, generate_series(1, 1200) p, generate_series(0, 1) c;
      insert into binding (tenant_id, id, participant_id, agent_id)
        select t.id, pg_temp.id(6, t.n, p), pg_temp.id(2, t.n, p), 'agent-' || p % 40 from t, generate_series(1, 1200) p;
      insert into external_user (tenant_id, id, first_name, email)
        select t.id, pg_temp.id(7, t.n, u), 'User ' || u, 'user' || u || '@example.com' from t, generate_series(1, 1200) u;
      insert into conversation (tenant_id, id, name) select t.id, pg_temp.id(8, t.n, c), 'Talk ' || c from t, generate_series(1, 1200) c;
      insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, user_id)
        select t.id, pg_temp.id(9, t.n, c), pg_temp.id(8, t.n, c), 'USER', pg_temp.id(2, t.n, c)::text, pg_temp.id(2, t.n, c)
        from t, generate_series(1, 1200) c;
      insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, contact_id)
        select t.id, pg_temp.id(10, t.n, c), pg_temp.id(8, t.n, c), 'CONTACT', pg_temp.id(7, t.n, c)::text, pg_temp.id(7, t.n, c)
        from t, generate_series(1, 1200) c;
      drop table t;`);
    for (const table of [
      'agent',
      'participant',
      'channel',
      'binding',
      'external_user',
      'conversation',
      'conversation_member',
    ])
      await script(`analyze ${table}`);
  });
}

/** The id of the first tenant's row of that kind and number, as `fill` makes them. */
export const idOf = (kind: number, n: number) =>
  `${kind.toString(16).padStart(8, '0')}-0000-7000-8000-${(1_000_000 + n).toString(16).padStart(12, '0')}`;
