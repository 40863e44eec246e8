import { buildSchema, getOperationAST, parse } from 'graphql';
import { expect, test } from 'vitest';
import type { Viewer } from '../../src/auth/viewer.ts';
import type { TenantDatabase } from '../../src/database/database.ts';
import type { Loader } from '../../src/database/loaders.ts';
import { Problem, ResultLimit } from '../../src/errors/catalogue.ts';
import { createExecutor } from '../../src/operations/executor.ts';
import { limits } from '../../src/operations/limits.ts';
import { type Below, noPrice } from '../../src/operations/price.ts';
import { createGraphContext, type GraphContext } from '../../src/schema/context.ts';
import type { Services } from '../../src/schema/services.ts';

const viewer = { scopes: new Set() } as unknown as Viewer;
const schema = buildSchema('type Query { name: String }');
const nameField = schema.getQueryType()?.getFields()['name'];

/** Executes a query that reads a value by a loader, and counts how often it is read. */
function createReads() {
  let reads = 0;
  const loader: Loader<string, string> = {
    async load(_, keys) {
      reads++;
      return keys.map(() => 'Ada');
    },
  };
  const document = parse('{ name }');
  const executor = createExecutor(schema, document, getOperationAST(document)!, {
    compileAfter: Number.POSITIVE_INFINITY,
    grown() {},
  });
  const context = createGraphContext(viewer, {} as TenantDatabase, {} as Services);
  if (nameField) nameField.resolve = (_, __, { load }: GraphContext) => load(loader, 'a');
  return { context, execute: () => executor.execute(context, {}), reads: () => reads };
}

// A list that the result has no room for.
const below: Below = {
  count: async () => ({ rows: limits.work + 1, bytes: 0 }),
  scope: undefined,
  by: 'id',
  args: {},
  maxRowsPerParent: Number.POSITIVE_INFINITY,
  work: 1,
};
const list: Loader<string, string[]> = {
  lists: { counted: below.count, parentOf: (key) => key, short: async () => null },
  load: async (_, keys) => keys.map(() => []),
};

test('what an operation has read is let go of when it has its result', async () => {
  const { context, execute, reads } = createReads();
  context.uncounted.add({ id: 'a' }, { ...noPrice, below: [below] });
  expect(await execute()).toEqual({ data: { name: 'Ada' } });
  await execute();
  expect(reads()).toBe(2);
  expect(await context.uncounted.read(list, ['a'])).toEqual([[]]);
});

test('what an operation that was stopped still reads is counted', async () => {
  const { context } = createReads();
  context.uncounted.add({ id: 'a' }, { ...noPrice, below: [below] });
  context.size.run(true, () => {
    context.size.turnedAway(new Problem('UNAVAILABLE', 'Later.'));
    return { data: null };
  });
  context.release();
  await expect(context.uncounted.read(list, ['a'])).rejects.toThrow(ResultLimit);
});
