import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { AnyStatement } from '../../src/database/sql/statement.ts';
import { dataOf, startApp, type TestApp } from '../app.ts';
import { createAgentKey } from '../factories.ts';
import {
  ContactListDocument,
  EnsureDocument,
  InboxDocument,
  ReadByIdDocument,
  UserByEmailDocument,
  WhoIsDocument,
} from '../graph/generated/graphql.ts';

const batchedReads = vi.hoisted(() => new Map<string, { text: string; forMany: string }>());
vi.mock('../../src/database/sql/statement.ts', async (original) => {
  const real = await original<typeof import('../../src/database/sql/statement.ts')>();
  real.observeDefinitions((statement) => {
    if (!('all' in statement)) return;
    for (const { text, name, forMany } of formsOf(statement))
      if (forMany) batchedReads.set(name, { text, forMany: forMany.text });
  });
  function* formsOf({ all, ofAgent }: AnyStatement) {
    for (const forms of ofAgent ? [all, ofAgent] : [all]) yield* forms.one ? [forms.many, forms.one] : [forms.many];
  }
  return real;
});

let service: TestApp;
beforeAll(async () => {
  service = await startApp({ FEDERATION: 'on' });
  await fill(service);
}, 120_000);
afterAll(() => service.close());

/**
 * Six tenants, the service's own among them, with enough rows that reading a table from end to end costs more than its
 * index.
 */
async function fill({ app, tenant }: TestApp): Promise<void> {
  const others = await Promise.all(Array.from({ length: 5 }, () => service.createTenant()));
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

// In a database that other tests fill meanwhile, what PostgreSQL knows of a tenant's share of the rows differs from one
// run to the next.
const own = !process.env['DATABASE_URL'];

type Plan = {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Sort Key'?: string[];
  Plans?: Plan[];
};

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** The plan that PostgreSQL makes for a statement once for all values. */
async function planOf(text: string): Promise<Plan[]> {
  const parameters = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
  const values = Array.from({ length: parameters }, () => 'null').join(', ');
  let plan: Plan | undefined;
  await service.app.database.connection.script(async (script) => {
    await script('set plan_cache_mode = force_generic_plan');
    await script(`prepare hot as ${text}`);
    const [row] = (await script(`explain (format json) execute hot${parameters > 0 ? `(${values})` : ''}`)) as Record<
      string,
      unknown
    >[];
    const printed = Object.values(row ?? {})[0];
    plan = (typeof printed === 'string' ? JSON.parse(printed) : printed)[0].Plan;
    await script('deallocate hot; reset plan_cache_mode');
  });
  return nodesOf(plan as Plan);
}

const idOf = (kind: number, n: number) =>
  `${kind.toString(16).padStart(8, '0')}-0000-7000-8000-${(1_000_000 + n).toString(16).padStart(12, '0')}`;
const cursor = (...keys: string[]) => Buffer.from(JSON.stringify(keys)).toString('base64url');
const page = '{ nodes { id displayName } pageInfo { hasNextPage } }';

const byName = '((COALESCE(p.name_key, name_key(p.display_name)))::text) COLLATE "C", p.display_name COLLATE "C", p.id';

// What an index gives in order is not sorted. What may be: an agent's contacts by name, several short lists each in its
// own order, and those who are added together, in the order in which they are locked; whoIs (null) puts together what
// many short ways lead to.
const hot: [string, string | TypedDocumentNode<unknown, never>, object, string[] | null][] = [
  ['a contact list', ContactListDocument, { agentId: 'agent-3' }, [byName]],
  ['an inbox', InboxDocument, {}, []],
  ['a batched read', ReadByIdDocument, { id: idOf(2, 5) }, []],
  ['a user by e-mail', UserByEmailDocument, { email: 'user5@example.com' }, []],
  ['whoIs', WhoIsDocument, { by: { email: 'person5@example.com' } }, null],
  [
    'to ensure somebody',
    EnsureDocument,
    { input: { conversationId: idOf(8, 7), participant: { user: { id: idOf(2, 9) } } } },
    ['h.tenant_id, h.conversation_id, h.key'],
  ],
  [
    'to ensure somebody by e-mail',
    EnsureDocument,
    {
      input: {
        conversationId: idOf(8, 8),
        participant: { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: 'USER9@example.com' } },
      },
    },
    ['h.tenant_id, h.conversation_id, h.key'],
  ],
  [
    'external users of a gateway',
    `{ _entities(representations: [${[
      `id: "${idOf(7, 5)}"`,
      'email: "user6@example.com"',
      'phoneNumber: "+14155550100"',
      'fkId: "x"',
    ]
      .map((key) => `{ __typename: "ExternalUser", ${key} }`)
      .join(' ')}]) { ... on ExternalUser { id displayName } } }`,
    {},
    [],
  ],
  ['everybody’s first page', `{ participantsConnection(first: 20) ${page} }`, {}, []],
  [
    'everybody’s page deep inside',
    `{ participantsConnection(first: 20, after: "${cursor('Person 700', idOf(2, 700))}") ${page} }`,
    {},
    [],
  ],
  [
    'everybody’s page before another',
    `{ participantsConnection(last: 20, before: "${cursor('Person 700', idOf(2, 700))}") ${page} }`,
    {},
    [],
  ],
  [
    'the conversations’ page deep inside',
    `{ conversationsConnection(first: 20, after: "${cursor(idOf(8, 900))}") { nodes { id name } } }`,
    {},
    [],
  ],
  [
    'a participant’s conversations',
    `{ participant(id: "${idOf(2, 11)}") { conversations(first: 20) { nodes { id } } } }`,
    {},
    ['($2), page.id DESC'],
  ],
  [
    'several participants’ conversations',
    `{ participants(agentId: "agent-7") { conversations(first: 20) { nodes { id } } } }`,
    {},
    [byName, 'k.id, page.id DESC'],
  ],
];

describe.each(hot)('%s', (_, document, variables, sorts) => {
  test('reads no table from end to end, and sorts nothing that an index orders', async () => {
    const answer = await service.tenant.graphql(document as string, variables);
    dataOf(answer);
    expect(answer.statements.length).toBeGreaterThan(0);
    const nodes: Plan[] = [];
    for (const statement of answer.statements) nodes.push(...(await planOf(statement)));
    expect(
      nodes.filter(({ 'Node Type': type }) => type === 'Seq Scan').map(({ 'Relation Name': table }) => table),
    ).toEqual([]);
    const sorted = nodes.filter(({ 'Node Type': type }) => /Sort$/.test(type));
    // Of one alias that stands in several places PostgreSQL makes several.
    const keysOf = ({ 'Sort Key': keys }: Plan) => (keys ?? []).join(', ').replaceAll(/_\d+\./g, '.');
    expect(sorts ? sorted.map(keysOf).filter((keys) => !sorts.includes(keys)) : []).toEqual([]);
  });
});

test.runIf(own)(
  'those who are added together are found by their whole key, and added in the order of the keys',
  async () => {
    const conversationId = idOf(8, 13);
    for (const participant of [
      { user: { id: idOf(2, 3) } },
      { contactByIdentifier: { identifierKey: 'emailaddress' as const, identifierValue: 'user4@example.com' } },
    ]) {
      const { statements } = await service.tenant.graphql(EnsureDocument, { input: { conversationId, participant } });
      const nodes = await planOf(statements[0] as string);
      const found = nodes.filter(
        ({ 'Relation Name': table, 'Index Name': index }) => table === 'conversation_member' && index,
      );
      expect(found).toMatchObject([
        {
          'Index Name': 'conversation_member_participant_key',
          'Index Cond': expect.stringMatching(/participant_id = /),
        },
      ]);
      expect(nodes.filter(({ 'Node Type': type }) => type === 'Sort')).toHaveLength(1);
    }
  },
);

test('every batched read can be run for many, by the plan that it has alone', async () => {
  // Those that are made when they are asked for.
  dataOf(
    await service.tenant.graphql(`{ participant(id: "${idOf(2, 5)}") { displayName channels { address } agentIds } }`),
  );
  expect(batchedReads.size).toBeGreaterThan(15);
  for (const { text, forMany } of batchedReads.values()) {
    const found = (nodes: Plan[]) =>
      nodes
        .map(({ 'Relation Name': table, 'Index Name': index }) => table && `${table} ${index}`)
        .filter(Boolean)
        .sort();
    const alone = found(await planOf(text));
    expect(alone.length).toBeGreaterThan(0);
    expect([text, found(await planOf(forMany))]).toEqual([text, alone]);
  }
});

test.runIf(own)('under an agent’s key, the agent’s conversations are not read for a few memberships', async () => {
  const { headers } = await createAgentKey(service.tenant, 'agent-7');
  for (const document of [
    `{ conversation(id: "${idOf(8, 5)}") { participants { id } participantsConnection(first: 5) { totalCount } } }`,
    `{ externalUser(id: "${idOf(7, 5)}") { conversationIds conversations { totalCount } } }`,
    '{ searchExternalUser(by: { email: "user5@example.com" }) { conversationIds } }',
    '{ whoIs(by: { email: "user5@example.com" }) { conversationParticipants { id } } }',
  ]) {
    const answer = await service.tenant.graphql(document, {}, headers);
    dataOf(answer);
    for (const statement of answer.statements) {
      const nodes = await planOf(statement);
      const ofAgent = nodes.filter(({ 'Index Name': index }) => index === 'conversation_tenant_id_agent_id_id_idx');
      // By its whole key it finds one.
      const many = ofAgent.filter(({ 'Index Cond': condition }) => !/[( ]id = /.test(condition ?? ''));
      expect(many.length > 0 ? statement : null).toBeNull();
    }
  }
});

describe('one plan is kept', () => {
  const of = () => `'${service.tenant.id}'`;
  /** What is asked, and the values of each of its statements. */
  type Kept = [string, string | TypedDocumentNode<unknown, never>, object, () => string[]];
  const batchedRead: Kept = [
    'for a batched read',
    ReadByIdDocument,
    { id: idOf(2, 5) },
    () => [`${of()}, '${idOf(2, 5)}'`],
  ];
  const byEmail: Kept = [
    'for a user by e-mail',
    UserByEmailDocument,
    { email: 'user5@example.com' },
    () => [`${of()}, 'user5@example.com'`],
  ];
  const asked = () =>
    JSON.stringify([
      {
        n: 0,
        tenant_id: service.tenant.id,
        conversation_id: idOf(8, 12),
        value: idOf(2, 9),
        id: '0199c0de-0000-7000-8000-000000000000',
        status: 'ACTIVE',
      },
    ]);
  const ensure: Kept = [
    'for those who are added together',
    EnsureDocument,
    { input: { conversationId: idOf(8, 11), participant: { user: { id: idOf(2, 9) } } } },
    () => [`'${asked()}'`],
  ];
  const one = (kind: number) => `${of()}, '${idOf(kind, 5)}'`;
  const conversations = 'conversations(first: 20) { totalCount nodes { id } }';
  const lists: Kept[] = [
    [
      'for the ids of a user’s conversations',
      `{ externalUser(id: "${idOf(7, 5)}") { conversationIds } }`,
      {},
      () => [one(7), one(7)],
    ],
    [
      'for a user’s conversations',
      `{ externalUser(id: "${idOf(7, 5)}") { ${conversations} } }`,
      {},
      () => [one(7), `${one(7)}, 21`, one(7)],
    ],
    [
      'for a participant’s conversations',
      `{ participant(id: "${idOf(2, 5)}") { ${conversations} } }`,
      {},
      () => [one(2), `${one(2)}, 21`, one(2)],
    ],
    [
      'for a conversation’s members',
      `{ conversation(id: "${idOf(8, 5)}") { participantsConnection(first: 20) { totalCount nodes { id } } } }`,
      {},
      () => [one(8), `${one(8)}, 21`, one(8)],
    ],
  ];
  const pages: Kept[] = [
    ['for a page of participants', `{ participantsConnection(first: 20) ${page} }`, {}, () => [`${of()}, 21`]],
    [
      'for a page of conversations',
      '{ conversationsConnection(first: 20) { nodes { id name } } }',
      {},
      () => [`${of()}, 21`],
    ],
  ];
  test.each<Kept>([batchedRead, byEmail, ensure, ...(own ? [...lists, ...pages] : [])])(
    '%s',
    async (_, document, variables, valuesOf) => {
      const answer = await service.tenant.graphql(document as string, variables);
      dataOf(answer);
      const values = valuesOf();
      expect(answer.statements).toHaveLength(values.length);
      await service.app.database.connection.script(async (script) => {
        for (const [index, statement] of answer.statements.entries()) {
          await script(`prepare hot as ${statement}`);
          for (let time = 0; time < 8; time++) await script(`execute hot(${values[index]})`);
          const [row] = (await script(
            `select generic_plans::int as kept from pg_prepared_statements where name = 'hot'`,
          )) as {
            kept: number;
          }[];
          await script('deallocate hot');
          // The first five times PostgreSQL always makes a plan of its own.
          expect(row?.kept).toBe(3);
        }
      });
    },
  );
});
