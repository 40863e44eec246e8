import { expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { createAgent } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  Plans?: Plan[];
};
const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** The plan that PostgreSQL makes for a statement once for all values, where it must use an index if there is one. */
async function planOf(text: string): Promise<Plan[]> {
  const parameters = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const values = Array.from({ length: parameters }, () => 'null').join(', ');
  let plan: Plan | undefined;
  await service.app.database.connection.script(async (script) => {
    await script(
      'set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off',
    );
    await script(`prepare erasing as ${text}`);
    const [row] = (await script(
      `explain (format json) execute erasing${parameters > 0 ? `(${values})` : ''}`,
    )) as Record<string, unknown>[];
    const printed = Object.values(row ?? {})[0];
    plan = (typeof printed === 'string' ? JSON.parse(printed) : printed)[0].Plan;
    await script(
      'deallocate erasing; reset plan_cache_mode; reset enable_seqscan; reset enable_hashjoin; reset enable_mergejoin',
    );
  });
  return nodesOf(plan as Plan);
}

// A server's planner counts what an index has pending until autovacuum comes, so that there it depends on the time.
const own = !process.env['DATABASE_URL'];

test.runIf(own)(
  'an erasure reads no large table from end to end',
  async () => {
    const { tenant, app } = service;
    await createAgent(tenant, 'agent');
    const large = {
      external_user: `select '${tenant.id}', id(7, n), 'User ' || n, 'user' || n || '@example.com' from n`,
      participant: `select '${tenant.id}', id(2, n), 'PERSON', 'Person ' || n, 'person' || n || '@example.com' from n`,
      conversation: `select '${tenant.id}', id(8, n) from n`,
      conversation_member: `select '${tenant.id}', id(9, n), id(8, n), 'CONTACT', id(7, n)::text, id(7, n) from n`,
      integration_config: `select '${tenant.id}', id(1, n), 'sms', 'SMS' from n limit 3`,
      unknown_sender: `select '${tenant.id}', id(5, n), id(1, 1), '+1415' || n, 1, now(), now() from n`,
      idempotency_key: `select '${tenant.id}', 'owner', 'key ' || n, 'create', 'digest', array[id(7, n)::text] from n`,
      merge: `select '${tenant.id}', id(11, n), id(7, n), 'USER', 'x', jsonb_build_object('conflicts', jsonb_build_array(jsonb_build_object('field', 'email', 'kept', 'x', 'dropped', n::text)), 'from', jsonb_build_array(jsonb_build_object('row', jsonb_build_object('id', id(12, n))))) from n`,
      merged_id: `select '${tenant.id}', id(12, n), id(7, n), id(11, n) from n`,
      history_entry: `select '${tenant.id}', id(13, n), 'ExternalUser', id(7, n), id(7, n), 'USER', case when n % 5 = 0 then array[md5(n::text)::uuid] end from n`,
    };
    const columns: Record<keyof typeof large, string> = {
      external_user: 'tenant_id, id, first_name, email',
      participant: 'tenant_id, id, kind, display_name, email',
      conversation: 'tenant_id, id',
      conversation_member: 'tenant_id, id, conversation_id, type, participant_id, contact_id',
      integration_config: 'tenant_id, id, provider, name',
      unknown_sender: 'tenant_id, id, integration_config_id, address, message_count, first_message_at, last_message_at',
      idempotency_key: 'tenant_id, owner, key, operation, input_digest, result_ids',
      merge: 'tenant_id, id, into_id, actor_kind, actor_id, record',
      merged_id: 'tenant_id, id, into_id, merge_id',
      history_entry: 'tenant_id, id, subject_type, subject_id, about_id, actor_kind, keys',
    };
    await app.database.connection.script(async (script) => {
      await script(`create function pg_temp.id(kind int, n bigint) returns uuid immutable language sql as
      $$ select (lpad(to_hex(kind), 8, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$`);
      for (const [table, rows] of Object.entries(large)) {
        const of = columns[table as keyof typeof large];
        await script(
          `insert into ${table} (${of}) with n as (select generate_series(1, 4000) as n) ${rows.replaceAll(/\bid\(/g, 'pg_temp.id(')}`,
        );
        await script(`analyze ${table}`);
      }
    });
    const found: [string, string[]][] = [];
    for (const mutation of [
      'exportPerson(input: { by: { email: "user7@example.com" } }) { file { id } }',
      'erasePerson(input: { by: { email: "user7@example.com" }, confirm: true, block: true }) { erased { externalUsers } }',
    ]) {
      const answer = await tenant.graphql(`mutation { ${mutation} }`);
      dataOf(answer);
      const statements = answer.statements.filter((text) => /\$1/.test(text));
      expect(statements.filter((text) => text.includes('merge_dropped_keys')).length).toBeGreaterThan(1);
      expect(statements.length).toBeGreaterThan(10);
      for (const statement of statements) {
        const nodes = await planOf(statement);
        // Nor all of the tenant's rows by an index.
        const whole = nodes.filter(({ 'Node Type': type, 'Index Cond': condition }) =>
          /Index/.test(type) ? /^\(\w*\.?tenant_id = [^()]*\)$/.test(condition ?? '') : type === 'Seq Scan',
        );
        const long = whole
          .map((node) => node['Relation Name'] ?? node['Index Name'] ?? '')
          .filter(
            (name) => Object.keys(large).some((table) => name.startsWith(table)) && !name.startsWith('integration'),
          )
          // What whoIs asks for as well is looked at in test/database/plans.test.ts.
          .filter((name) => !statement.includes('having_participant') || name.startsWith('merge'));
        if (long.length > 0) found.push([statement, long]);
      }
    }
    expect(found).toEqual([]);
  },
  120_000,
);
