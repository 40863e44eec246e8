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
import { fill, idOf } from './filled.ts';
import { type Plan, planOf } from './plan.ts';

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

// In a database that other tests fill meanwhile, what PostgreSQL knows of a tenant's share of the rows differs from one
// run to the next.
const own = !process.env['DATABASE_URL'];

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
    for (const statement of answer.statements) nodes.push(...(await planOf(service, statement)));
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
      const nodes = await planOf(service, statements[0] as string);
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
    const alone = found(await planOf(service, text));
    expect(alone.length).toBeGreaterThan(0);
    expect([text, found(await planOf(service, forMany))]).toEqual([text, alone]);
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
      const nodes = await planOf(service, statement);
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
