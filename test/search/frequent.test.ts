import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { dataOf, type TestTenant } from '../app.ts';
import { useAppAlone } from '../use-app.ts';
import { expected, type Person } from './naive.ts';

// Plans follow the statistics of the whole table, so nobody else's rows may be in it.
const service = useAppAlone();

type Row = Person & { id: string };

const idOf = (n: number) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
const quoted = (value: string | undefined) => (value === undefined ? 'null' : `'${value.replaceAll("'", "''")}'`);

/** Adds users by statements, which takes a tenth of the time that mutations take. */
async function fill(of: TestTenant, people: readonly Row[]): Promise<void> {
  await service.app.database.connection.script(async (script) => {
    for (let from = 0; from < people.length; from += 500) {
      const values = people.slice(from, from + 500).map(({ id, firstName, lastName, email, phoneNumber, fkId }) => {
        const texts = [firstName, lastName, email, phoneNumber, fkId].map(quoted).join(', ');
        return `('${of.id}', '${id}', ${texts})`;
      });
      await script(`insert into external_user (tenant_id, id, first_name, last_name, email, phone_number, fk_id)
        values ${values.join(', ')}`);
    }
    // What waits to be put into an index makes it dear to the planner, until a vacuum comes by.
    await script(`select gin_clean_pending_list(i.indexrelid) from pg_index i
      join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
      where i.indrelid = 'external_user_search'::regclass and a.amname = 'gin'`);
    await script('analyze external_user; analyze external_user_search');
  });
}

const document = `query ($filter: ExternalUserFilter, $first: Int, $after: String, $last: Int, $before: String) {
  externalUsersConnection(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage } } }`;

type Found = {
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean };
};
type PageArguments = { first?: number; after?: string; last?: number; before?: string };

const ask = async (of: TestTenant, query: string, page: PageArguments) => {
  const answer = await of.graphql(document, { filter: { query }, ...page });
  return { statements: answer.statements, found: dataOf(answer).externalUsersConnection as Found };
};

describe('pages', () => {
  // Few names for many people: most words are frequent, and most places in the order are shared but for the id.
  const firsts = ['Ana', 'Ána', 'Bo', 'Annan', '4155 Ana', 'Zan'];
  const lasts = ['Zan', 'An', 'Lo', 'Zan Lo', '41', "O’Ana \\ 'an"];
  const people: Row[] = Array.from({ length: 1_200 }, (_, n) => ({
    // Neither the order of names nor that of time.
    id: idOf((n * 7_919) % 1_200),
    firstName: firsts[(n >> 2) % firsts.length] as string,
    // More last names begin with `x` than are read one by one.
    lastName: n % 9 === 0 ? `xo${n}` : (lasts[n % lasts.length] as string),
    ...(n % 3 === 0 ? { email: `${n % 2 ? 'ana' : 'mail'}${n}@zan.example` } : {}),
    ...(n % 4 === 0 ? { phoneNumber: `+1415555${1_000 + n}` } : {}),
    fkId: n === 600 ? "zan\\'s" : `${n % 5 === 0 ? 'an' : 'key'}${n}`,
  }));
  let tenant: TestTenant;
  beforeAll(async () => {
    tenant = await service.createTenant();
    await fill(tenant, people);
  }, 60_000);

  // The digits stand beside those that are also searched for by them.
  const searched = fc.constantFrom<string[]>(
    ...['an', 'ana', 'zan', 'lo', 'zan lo', 'an0', 'an60', 'ana9', 'annan zan', 'mail', 'zan.example', "'an"].map(
      (query) => [query],
    ),
    ...["zan\\'s", 'o’ana \\', '\\', 'bo an', 'ana zan', 'exam', 'xo', 'xo1', 'xo9', 'nobody']
      .filter((query) => query.length > 1)
      .map((query) => [query]),
    ['41'],
    ['4155'],
    ['(415) 555', '415555'],
    ['1-415-5551', '14155551'],
    ['+1 415', '1415'],
  );
  const cursorOf = (row: { rank: number; name: string; id: string } | undefined) =>
    row && Buffer.from(JSON.stringify([String(row.rank), row.name, row.id])).toString('base64url');

  test('of any size, from any place and either end have what the order says', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        searched,
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        async (sought, size, share, isBackward) => {
          const all = expected(people, sought);
          const place = Math.floor(all.length * share);
          const [from, to] = isBackward
            ? [Math.max(0, place - size), place]
            : [place, Math.min(all.length, place + size)];
          // Rows between the ends: with a cursor where there is a row outside.
          const cursor = cursorOf(isBackward ? all[place] : all[place - 1]);
          const { found } = await ask(tenant, sought[0] as string, {
            ...(isBackward ? { last: size } : { first: size }),
            ...(cursor ? { [isBackward ? 'before' : 'after']: cursor } : {}),
          });
          expect(found.edges.map(({ node }) => node.id)).toEqual(all.slice(from, to).map(({ id }) => id));
          expect(found.edges.map(({ cursor }) => cursor)).toEqual(all.slice(from, to).map(cursorOf));
          expect(isBackward ? found.pageInfo.hasPreviousPage : found.pageInfo.hasNextPage).toBe(
            isBackward ? from > 0 : to < all.length,
          );
        },
      ),
      { numRuns: 250 },
    );
  });
});

type Plan = {
  'Actual Loops': number;
  'Actual Rows': number;
  'Index Name'?: string;
  'Rows Removed by Filter'?: number;
  Plans?: Plan[];
};

/** What is run of the statement of a first page: the indexes, and the most rows that a part of it has looked at. */
async function runOf(of: TestTenant, query: string) {
  const { statements, found } = await ask(of, query, { first: 20 });
  expect(statements).toHaveLength(1);
  const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
  let nodes: Plan[] = [];
  await service.app.database.connection.script(async (script) => {
    // An analysis by PostgreSQL itself, begun before the rows were there, may have ended after ours.
    await script('analyze external_user; analyze external_user_search');
    await script(`set plan_cache_mode = force_generic_plan; prepare searching as ${statements[0]}`);
    const text = `explain (analyze, format json) execute searching('${of.id}', '${query}', 21)`;
    const [row] = (await script(text)) as Record<string, unknown>[];
    await script('deallocate searching; reset plan_cache_mode');
    const printed = Object.values(row ?? {})[0];
    nodes = nodesOf((typeof printed === 'string' ? JSON.parse(printed) : printed)[0].Plan);
  });
  const run = nodes.filter((node) => node['Actual Loops'] > 0);
  return {
    ids: found.edges.map(({ node }) => node.id),
    indexes: new Set(run.flatMap((node) => node['Index Name']?.replace('external_user_search_', '') ?? [])),
    max: Math.max(
      ...run.map((node) => (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']),
    ),
  };
}

describe('what is run for a frequent word', () => {
  let tenant: TestTenant;
  // Sorted by name and by time alike, so that the place in the list says both.
  const people: Row[] = Array.from({ length: 12_000 }, (_, n) => ({
    id: idOf(n),
    firstName: `${n < 8_000 ? 'Abe' : 'Zhang'} ${1_000_000 + n}`,
    lastName: n % 4 === 0 ? 'Silva' : n % 2 === 0 ? `Other${n}` : `No${n}`,
    email: `${n % 3 === 0 ? 'info.' : 'me.'}${n}@mail.example`,
    fkId: `k${n}`,
  }));
  const some = (is: (n: number) => boolean) => people.flatMap(({ id }, n) => (is(n) ? [id] : [])).slice(0, 20);
  beforeAll(async () => {
    tenant = await service.createTenant();
    await fill(tenant, people);
  }, 60_000);

  test('a last name is read from an index in the order of names', async () => {
    const { ids, indexes, max } = await runOf(tenant, 'silva');
    expect(ids).toEqual(some((n) => n % 4 === 0));
    expect(indexes).toEqual(new Set(['name_idx', 'second_idx', 'others_idx', 'external_user_pkey']));
    expect(max).toBeLessThanOrEqual(101);
  });

  test('names that begin with it, far behind in the order, too', async () => {
    const { ids, indexes, max } = await runOf(tenant, 'zhang');
    expect(ids).toEqual(some((n) => n >= 8_000));
    expect(indexes).toEqual(new Set(['name_idx', 'second_idx', 'others_idx', 'external_user_pkey']));
    expect(max).toBeLessThanOrEqual(101);
  });

  test.each([
    ['other texts that begin with it', 'info', (n: number) => n % 3 === 0],
    ['few last names that begin with it', 'silv', (n: number) => n % 4 === 0],
    ['many last names that begin with it', 'oth', (n: number) => n % 4 === 2],
    ['a part', 'mail.ex', () => true],
    ['a part of two characters', '@m', () => true],
  ])('%s: neither the index of parts nor a sort of all matches', async (_, query, is) => {
    const { ids, indexes, max } = await runOf(tenant, query);
    expect(ids).toEqual(some(is));
    expect(indexes).not.toContain('texts_idx');
    expect(max).toBeLessThanOrEqual(500);
  });

  test('a rare part is read from its index', async () => {
    const { ids, indexes, max } = await runOf(tenant, 'o.300@');
    expect(ids).toEqual([idOf(300)]);
    expect(indexes).toContain('texts_idx');
    expect(max).toBeLessThanOrEqual(500);
  });
});
