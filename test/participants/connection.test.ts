import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { later, useApp } from '../use-app.ts';

type Person = { id: string; displayName: string; kind: string; agent: boolean; disabled: boolean };
type Filter = { kind?: string | null; agentId?: string | null; disabled?: boolean | null; email?: string | null };
type Page = { first?: number | null; after?: string | null; last?: number | null; before?: string | null };

const service = useApp();
const tenant = later(() => service.tenant);
const people: Person[] = [];
beforeAll(async () => {
  await createAgent(tenant, 'agent');
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
