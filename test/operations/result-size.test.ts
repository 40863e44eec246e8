import {
  GraphQLInt,
  GraphQLList,
  GraphQLObjectType,
  GraphQLSchema,
  GraphQLString,
  getOperationAST,
  parse,
} from 'graphql';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Admission, createAdmission } from '../../src/operations/admission.ts';
import { createBudget } from '../../src/operations/budget.ts';
import { createExecutor } from '../../src/operations/executor.ts';
import { limits } from '../../src/operations/limits.ts';
import { noPrice } from '../../src/operations/price.ts';
import { ResultSize } from '../../src/operations/result-size.ts';
import type { GraphContext } from '../../src/schema/context.ts';
import { countResults } from '../../src/schema/result-size.ts';

/** How often each resolver was called. */
let calls: Record<string, number> = {};
beforeEach(() => {
  calls = {};
});
const called = (name: string) => {
  calls[name] = (calls[name] ?? 0) + 1;
};

const later = <Value>(value: Value) => new Promise<Value>((resolve) => setImmediate(resolve, value));

type RowValue = { id: number; text: string };
const Row: GraphQLObjectType<RowValue> = new GraphQLObjectType<RowValue>({
  name: 'Row',
  fields: () => ({
    id: { type: GraphQLInt },
    text: { type: GraphQLString },
    made: {
      type: GraphQLString,
      resolve: ({ id }) => {
        called('made');
        return `made ${id}`;
      },
    },
    again: {
      type: Row,
      resolve: (row) => {
        called('again');
        return later(row);
      },
    },
    rows: {
      type: new GraphQLList(Row),
      args: { count: { type: GraphQLInt } },
      resolve: (_, { count }: { count: number }) => {
        called('rows of a row');
        return later(rowsOf(count));
      },
    },
  }),
});
const rowsOf = (count: number, text = 'x') => Array.from({ length: count }, (_, id) => ({ id, text }));

/** Tells when a list is taken apart, to be completed in steps. */
const watched = (rows: RowValue[]) =>
  Object.assign(rows, {
    slice: (start?: number, end?: number) => {
      called('taken apart');
      return Array.prototype.slice.call(rows, start, end);
    },
  });

const schema = countResults(
  new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        rows: {
          type: new GraphQLList(Row),
          args: { count: { type: GraphQLInt }, length: { type: GraphQLInt } },
          resolve: (_, { count, length = 1 }: { count: number; length?: number }) => {
            called('rows');
            return later(watched(rowsOf(count, 'x'.repeat(length))));
          },
        },
      },
    }),
  }),
);

/** The result of a query, by the plain executor or by compiled code, with what was counted. */
async function run(query: string, how: 'plain' | 'compiled', admission: Admission = createAdmission()) {
  const document = parse(query);
  const operation = getOperationAST(document)!;
  const compileAfter = how === 'compiled' ? 0 : Number.POSITIVE_INFINITY;
  let compiled = false;
  const executor = createExecutor(schema, document, operation, {
    compileAfter,
    grown() {
      compiled = true;
    },
  });
  const size = new ResultSize(createBudget(), admission);
  const own = { size, uncounted: { add() {} }, release() {} };
  const contextValue = { viewer: { scopes: new Set() }, ...own } as unknown as GraphContext;
  const result = await executor.execute(contextValue, {});
  expect(compiled).toBe(how === 'compiled');
  return { ...result, work: size.work };
}

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, n) => part(n)).join(' ');

describe.each(['plain', 'compiled'] as const)('by %s execution', (how) => {
  test('rows are counted by the fields that are selected of them, those of fragments and other names too', async () => {
    const { work, errors } = await run(
      '{ rows(count: 10) { id ...A b: text ... on Row { id } } } fragment A on Row { a: made text }',
      how,
    );
    expect(errors).toBeUndefined();
    // A row is 1, its properties id, b and text are 1 each, a resolver's value is 3.
    expect(work).toBe(10 * (1 + 3 + 3));
  });

  test('rows of rows are counted when they are found', async () => {
    const { work } = await run('{ rows(count: 10) { rows(count: 5) { id } again { id } } }', how);
    expect(work).toBe(10 * (1 + 6 + 6) + 10 * 5 * 2 + 10 * 2);
  });

  test('what a directive leaves out is not counted', async () => {
    const { work } = await run('{ rows(count: 10) { id text @skip(if: true) made @include(if: false) } }', how);
    expect(work).toBe(10 * 2);
  });

  test('a list that is too much work ends the operation before a row of it is made', async () => {
    const fields = times(50, (index) => `a${index}: made`);
    const { data, errors } = await run(`{ a: rows(count: 10000) { ${fields} } b: rows(count: 2) { made } }`, how);
    expect(data).toBeNull();
    expect(errors?.map(({ path, message }) => [path, message])).toEqual([
      [['a'], expect.stringContaining(`${limits.work}`)],
    ]);
    expect(calls).toEqual({ rows: 2 });
  });

  test('several that are too much work only with each other end it before the rows of one are made', async () => {
    const each = (name: string) => `${name}: rows(count: 10000) { made id }`;
    const count = Math.floor(limits.work / (10_000 * 5)) + 1;
    const { errors } = await run(`{ ${times(count, (index) => each(`r${index}`))} }`, how);
    expect(errors).toHaveLength(1);
    expect(calls).toEqual({ rows: count });
  });

  test('lists of rows end it before more than a few of them are made', async () => {
    const { errors } = await run('{ rows(count: 2000) { rows(count: 100) { made } } }', how);
    expect(errors).toHaveLength(1);
    expect(calls).toEqual({ rows: 1, 'rows of a row': 2000, made: 200 });
  });

  test('long texts end it by their bytes', async () => {
    const length = 10_000;
    const max = Math.floor(limits.resultBytes / (2 * (length + 20)));
    expect((await run(`{ rows(count: ${max}, length: ${length}) { a: text b: text } }`, how)).errors).toBeUndefined();
    calls = {};
    const { errors } = await run(`{ rows(count: ${max}, length: ${length}) { a: text b: text c: text made } }`, how);
    expect(errors?.map(({ message }) => message)).toEqual([expect.stringContaining('16 MB')]);
    expect(calls).toEqual({ rows: 1 });
  });

  test('a large result is complete, in its order, and lets others in between', async () => {
    let turns = 0;
    let ended = false;
    const others = () => {
      turns++;
      if (!ended) setImmediate(others);
    };
    const result = run('{ rows(count: 10000) { id made again { id } } }', how);
    others();
    const { data, errors } = await result;
    ended = true;
    expect(errors).toBeUndefined();
    const rows = (data as { rows: unknown[] }).rows;
    expect(rows).toHaveLength(10_000);
    expect(
      rows.every((row, id) => JSON.stringify(row) === JSON.stringify({ id, made: `made ${id}`, again: { id } })),
    ).toBe(true);
    // 10,000 rows of 13 in steps of 4,000.
    expect(turns).toBeGreaterThan(30);
  });

  test('two large results are made at a time, and one who would wait for too long is told', async () => {
    const admission = createAdmission({ running: 2, waiting: 1, maxWaitMs: 60_000 });
    let max = 0;
    let within = 0;
    const watched: Admission = {
      enter(tenantId, proceed, refuse) {
        let inside = false;
        const leave = admission.enter(
          tenantId,
          () => {
            inside = true;
            within++;
            max = Math.max(max, within);
            proceed();
          },
          refuse,
        );
        return () => {
          if (inside) within--;
          inside = false;
          leave();
        };
      },
    };
    const query = '{ rows(count: 5000) { id made } }';
    const answers = await Promise.all(Array.from({ length: 4 }, () => run(query, 'plain', watched)));
    expect(max).toBe(2);
    expect(within).toBe(0);
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(3);
    const [refused] = answers.filter(({ errors }) => errors);
    expect(refused?.errors?.[0]?.originalError).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
  });
});

test('a wait that is too long ends, and its place is free', async () => {
  const admission = createAdmission({ running: 1, waiting: 5, maxWaitMs: 20 });
  const leave = admission.enter(
    't',
    () => {},
    () => {},
  );
  const refusal = await new Promise((resolve) => admission.enter('t', () => resolve('proceeded'), resolve));
  expect(refusal).toMatchObject({ code: 'UNAVAILABLE' });
  leave();
  expect(await new Promise((resolve) => admission.enter('t', () => resolve('proceeded'), resolve))).toBe('proceeded');
});

test('operations of one budget share it', async () => {
  const budget = createBudget();
  const first = new ResultSize(budget, null);
  const second = new ResultSize(budget, null);
  const price = { ...noPrice, work: 1, deepWork: 1 };
  const place = { path: { prev: undefined, key: 'rows', typename: 'Query' }, fieldNodes: [] };
  const rows = Array.from({ length: limits.work * 0.6 }, () => ({}));
  expect(first.count(rows, price, place)).toBe(rows);
  expect(second.room.work).toBe(limits.work * 0.4);
  expect(() => second.count(rows, price, place)).toThrow('fields');
  first.reset();
  second.reset();
  expect(second.count(rows, price, place)).toBe(rows);
  // As an operation leaves it that has ended over the limit.
  budget.work = limits.work + 1_000;
  expect(first.room.work).toBe(-1_000);
});
