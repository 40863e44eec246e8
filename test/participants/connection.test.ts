import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { prepared } from '../prepared.ts';

type Person = { id: string; displayName: string; kind: string; agent: boolean; disabled: boolean };
type Filter = { kind?: string | null; agentId?: string | null; disabled?: boolean | null; email?: string | null };
type Page = { first?: number | null; after?: string | null; last?: number | null; before?: string | null };

let service: TestApp;
let tenant: TestTenant;
let people: Person[];
beforeAll(async () => {
  service = await startApp();
  ({ tenant } = service);
  await createAgent(tenant, 'agent');
  people = [];
  // Many of a name, so that pages end between them, and names that sort by nothing but the database's own rules.
  const names = ['Ada', 'ada', 'Åda', 'Ada Lovelace', 'Bo', 'bo ', '山田', '😀', 'Zoë', '_x', '0', '"quoted"'];
  for (let index = 0; index < 47; index += 1) {
    const displayName = (names[index % names.length] as string).trim();
    const [agent, disabled] = [index % 3 === 0, index % 5 === 0];
    const kind = index % 4 === 0 ? 'GROUP' : 'PERSON';
    const id = await createParticipant(tenant, {
      displayName,
      kind,
      agentIds: agent ? ['agent'] : [],
      email: `${index % 6}@example.com`,
    });
    if (disabled) {
      await tenant.graphql(
        'mutation ($id: ID!) { disableParticipant(input: { participantId: $id }) { participant { id } } }',
        {
          id,
        },
      );
    }
    people.push({ id, displayName, kind, agent, disabled });
  }
  // The order is the unpaged list's.
  const { participants } = dataOf(await tenant.graphql('{ participants { id } }'));
  const place = new Map<string, number>(participants.map(({ id }: Person, index: number) => [id, index]));
  people.sort((one, other) => place.get(one.id)! - place.get(other.id)!);
});
afterAll(() => service.close());

const query = (page: object, filter: Filter = {}) =>
  tenant.graphql(
    `query ($filter: ParticipantFilter, $first: Int, $after: String, $last: Int, $before: String) {
      participantsConnection(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        totalCount nodes { id displayName } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }`,
    { filter, ...page },
  );
const pageOf = async (page: Page, filter?: Filter) => dataOf(await query(page, filter)).participantsConnection;
const matching = ({ kind, agentId, disabled }: Filter) =>
  people.filter(
    (each) =>
      (kind == null || each.kind === kind) &&
      (agentId == null || (agentId === 'agent' && each.agent)) &&
      (disabled == null || each.disabled === disabled),
  );
const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id);

const filters = fc.record(
  {
    kind: fc.constantFrom('PERSON', 'GROUP', 'AI_AGENT', null),
    agentId: fc.constantFrom('agent', 'nobody', null),
    disabled: fc.constantFrom(true, false, null),
  },
  { requiredKeys: [] },
);
const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });

describe('participantsConnection', () => {
  test.each(['forward', 'backward'] as const)(
    'gives every row once and in order, %s, by pages of any size',
    async (direction) => {
      await fc.assert(
        fc.asyncProperty(sizes, filters, async (steps, filter) => {
          const wanted = matching(filter);
          const seen: string[] = [];
          let cursor: string | null = null;
          for (let turn = 0; ; turn += 1) {
            const size = steps[turn % steps.length] as number;
            const page: Page =
              direction === 'forward' ? { first: size, after: cursor } : { last: size, before: cursor };
            const { nodes, edges, pageInfo, totalCount } = await pageOf(page, filter);
            expect(totalCount).toBe(wanted.length);
            expect(idsOf(edges.map(({ node }: { node: Person }) => node))).toEqual(idsOf(nodes));
            expect([pageInfo.startCursor, pageInfo.endCursor]).toEqual([
              edges[0]?.cursor ?? null,
              edges.at(-1)?.cursor ?? null,
            ]);
            if (direction === 'forward') seen.push(...idsOf(nodes));
            else seen.unshift(...idsOf(nodes));
            const more = direction === 'forward' ? pageInfo.hasNextPage : pageInfo.hasPreviousPage;
            expect(more).toBe(seen.length < wanted.length);
            expect(direction === 'forward' ? pageInfo.hasPreviousPage : pageInfo.hasNextPage).toBe(turn > 0);
            if (!more) break;
            expect(nodes).toHaveLength(size);
            cursor = direction === 'forward' ? pageInfo.endCursor : pageInfo.startCursor;
          }
          expect(seen).toEqual(idsOf(wanted));
        }),
        { numRuns: 25 },
      );
    },
  );

  test('goes on from any cursor in either direction', async () => {
    const { edges } = await pageOf({ first: 100 });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(people.length - 1),
        fc.nat(people.length - 1),
        fc.integer({ min: 0, max: 50 }),
        async (from, to, size) => {
          const [after, before] = [edges[from].cursor, edges[to].cursor];
          const between = idsOf(people.slice(from + 1, Math.max(from + 1, to)));
          expect(idsOf((await pageOf({ first: size, after, before })).nodes)).toEqual(between.slice(0, size));
          expect(idsOf((await pageOf({ last: size, after, before })).nodes)).toEqual(
            size === 0 ? [] : between.slice(-size),
          );
        },
      ),
      { numRuns: 30 },
    );
  });

  test('has 20 rows unless said, 100 at most, and may have none', async () => {
    expect((await pageOf({})).nodes).toHaveLength(20);
    expect((await pageOf({ first: null, after: null })).nodes).toHaveLength(20);
    expect((await pageOf({ first: 100 })).nodes).toHaveLength(47);
    expect(await pageOf({ first: 0 })).toMatchObject({
      nodes: [],
      totalCount: 47,
      pageInfo: { hasNextPage: true, startCursor: null },
    });
  });

  test('goes on after a row that is gone', async () => {
    const id = await createParticipant(tenant, { displayName: 'Ada' });
    const all = await pageOf({ first: 100 });
    const at = all.edges.findIndex(({ node }: { node: Person }) => node.id === id);
    await tenant.graphql('mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }', {
      id,
    });
    const { nodes } = await pageOf({ first: 1, after: all.edges[at].cursor });
    expect(nodes[0].id).toBe(all.nodes[at + 1].id);
  });

  test('finds an e-mail address in any case', async () => {
    expect((await pageOf({ first: 100 }, { email: '3@EXAMPLE.com' })).totalCount).toBe(8);
    expect((await pageOf({}, { email: '3@example.co' })).totalCount).toBe(0);
  });

  const cursor = (keys: unknown) => Buffer.from(JSON.stringify(keys)).toString('base64url');
  const uuid = '0198f000-0000-7000-8000-000000000000';
  test.each([
    ['first below 0', { first: -1 }, ['first']],
    ['first over 100', { first: 101 }, ['first']],
    ['last over 100', { last: 101 }, ['last']],
    ['first and last', { first: 1, last: 1 }, ['last']],
    ['a cursor that is empty', { after: '' }, ['after']],
    ['a cursor that is none', { after: 'nonsense' }, ['after']],
    ['a cursor of too few keys', { after: cursor(['Ada']) }, ['after']],
    ['a cursor of too many keys', { before: cursor(['Ada', uuid, uuid]) }, ['before']],
    ['a cursor of no text', { after: cursor([1, uuid]) }, ['after']],
    ['a cursor of no UUID', { after: cursor(['Ada', 'x']) }, ['after']],
    ['a cursor with NUL', { after: cursor(['A\u0000', uuid]) }, ['after']],
    ['a cursor that is an object', { after: cursor({ length: 2 }) }, ['after']],
    [
      'everything at once',
      { first: -1, last: 101, after: '!', before: '!' },
      ['first', 'last', 'last', 'after', 'before'],
    ],
  ] as [string, Page, string[]][])('refuses %s', async (_, page, fields) => {
    const answer = await query(page);
    expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(answer.errors?.[0]?.extensions.errors?.map(({ path }) => path.join('.')).sort()).toEqual([...fields].sort());
  });
});

describe('the statements', () => {
  const channelHealth = 'reachable reason keyStatus keyPrefix lastMessageAt channel { address }';
  const health = `reachable reason channels { ${channelHealth} }`;
  const everything = `id avatarUrl relatedAgent { id name } agentIds agents { id name }
    channels { id address integrationConfig { id name connected } health { reason } }
    bindings { id agent { id name } participant { id displayName } } health { reachable channels { reason channel { id } } }`;
  const counted = async (of: TestTenant, document: string, variables = {}) => {
    const answer = await of.graphql(document, variables);
    dataOf(answer);
    return answer.statements.length;
  };

  test('depend on what is asked, not on how much there is', async () => {
    const one = await service.createTenant();
    const many = await service.createTenant();
    const ids = new Map<TestTenant, string>();
    for (const [of, count] of [[one, 1] as const, [many, 7] as const]) {
      for (let index = 0; index < count; index += 1) {
        const agent = await createAgent(of);
        const config = await createConfig(of);
        const channels = Array.from({ length: index + 1 }, (_, place) => ({
          integrationConfigId: config,
          address: `U0${place}`,
        }));
        ids.set(
          of,
          await createParticipant(of, { channels, agentIds: [agent], kind: 'AI_AGENT', relatedAgentId: agent }),
        );
      }
    }
    for (const [document, statements] of [
      // The participants with their channels and agents' ids; their health, and their bindings; the configs, and the
      // agents; then the bindings' participants.
      [`{ participants { ${everything} } }`, 6],
      [`{ participantsConnection(first: 50) { nodes { ${everything} } } }`, 6],
      [`{ participantsConnection(first: 50) { totalCount nodes { id } edges { node { ${everything} } } } }`, 7],
      // Health is one statement more than what it is asked of, keys and connections included.
      [`{ participants { health { ${health} } } }`, 2],
      [`{ participants { channels { id health { ${channelHealth} } } } }`, 2],
      [`{ participants { health { ${health} } channels { id health { ${channelHealth} } } } }`, 2],
      [`{ participantsConnection(first: 50, filter: { reachable: false }) { nodes { health { ${health} } } } }`, 2],
      [`{ participantsConnection(first: 50) { pageInfo { hasNextPage } } }`, 1],
    ] as const) {
      expect([document, await counted(one, document), await counted(many, document)]).toEqual([
        document,
        statements,
        statements,
      ]);
    }
    const readById = `query ($id: ID!) { participant(id: $id) { ${everything} } }`;
    expect([
      await counted(one, readById, { id: ids.get(one) }),
      await counted(many, readById, { id: ids.get(many) }),
    ]).toEqual([6, 6]);
  });

  test('of several reads by id at once are those of one', async () => {
    const aliased = people
      .slice(0, 10)
      .map(({ id }, index) => `p${index}: participant(id: "${id}") { displayName channels { id } }`);
    expect(await counted(tenant, `{ ${aliased.join(' ')} }`)).toBe(2);
  });
});

test('what a participant has many of is read by itself', async () => {
  const fresh = await service.createTenant();
  const config = await createConfig(fresh, 'sms');
  const agents = await Promise.all(Array.from({ length: 51 }, () => createAgent(fresh)));
  const channels = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      integrationConfigId: config,
      address: `+1415555${1000 + n}`,
      priority: n,
    }));
  await createParticipant(fresh, { displayName: 'A', channels: channels(20), agentIds: agents.slice(0, 50) });
  await createParticipant(fresh, { displayName: 'B', channels: channels(21), agentIds: agents });
  for (const [list, rowsOf] of [
    ['participants', (data: Untyped) => data.participants],
    ['participantsConnection', (data: Untyped) => data.participantsConnection.nodes],
  ] as const) {
    const selected = 'channels { priority } agentIds';
    const answer = await fresh.graphql(
      list === 'participants' ? `{ participants { ${selected} } }` : `{ ${list} { nodes { ${selected} } } }`,
    );
    const [few, many] = rowsOf(dataOf(answer));
    expect(few.channels.map(({ priority }: { priority: number }) => priority)).toEqual([...Array(20).keys()]);
    expect(many.channels.map(({ priority }: { priority: number }) => priority)).toEqual([...Array(21).keys()]);
    expect(few.agentIds).toEqual(agents.slice(0, 50).sort());
    expect(many.agentIds).toEqual([...agents].sort());
    expect(answer.statements).toHaveLength(3);
  }
});

describe('an unpaged list', () => {
  test('of more than 10,000 is refused', async () => {
    const large = await service.createTenant();
    const add = (count: number) =>
      service.app.database.connection.query(
        prepared(`insert into participant (tenant_id, id, kind, display_name)
         select $1::uuid, gen_random_uuid(), 'PERSON', 'P' || n from generate_series(1, ${count}) n`),
        [large.id],
      );
    await add(10_000);
    expect(dataOf(await large.graphql('{ participantsConnection { totalCount } }'))).toEqual({
      participantsConnection: { totalCount: 10_000 },
    });
    expect(dataOf(await large.graphql('{ participants { id } }')).participants).toHaveLength(10_000);
    await add(1);
    expect(problemOf(await large.graphql('{ participants { id } }'))).toEqual({
      code: 'RESULT_TOO_LARGE',
      status: 413,
    });
    const { one, few, none, reachable } = dataOf(
      await large.graphql(`{
        one: participantsConnection(first: 1) { totalCount totalCountAtLeast nodes { id } }
        few: participantsConnection(first: 0, filter: { email: "nobody@example.com" }) { totalCount totalCountAtLeast }
        none: participantsConnection(first: 0, filter: { reachable: true }) { totalCount totalCountAtLeast }
        reachable: participantsConnection(first: 0, filter: { reachable: false }) { totalCount totalCountAtLeast }
      }`),
    );
    expect({ ...one, nodes: one.nodes.length }).toEqual({ totalCount: null, totalCountAtLeast: 10_000, nodes: 1 });
    expect(few).toEqual({ totalCount: 0, totalCountAtLeast: 0 });
    expect(none).toEqual({ totalCount: 0, totalCountAtLeast: 0 });
    expect(reachable).toEqual({ totalCount: null, totalCountAtLeast: 10_000 });
  });
});
