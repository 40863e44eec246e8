import { GraphQLError, getOperationAST, parse } from 'graphql';
import { describe, expect, test, vi } from 'vitest';
import { createBudget } from '../../src/operations/budget.ts';
import { createExecutor } from '../../src/operations/executor.ts';
import { ResultSize } from '../../src/operations/result-size.ts';
import type { GraphContext } from '../../src/schema/context.ts';
import { buildSchema } from '../../src/schema/schema.ts';

const schema = buildSchema();

/** Executes a document five times; returns the time after which it was compiled, or null. */
async function compiledAfter(text: string): Promise<number | null> {
  const document = parse(text);
  let compiledAt: number | null = null;
  let time = 0;
  const executor = createExecutor(schema, document, getOperationAST(document)!, {
    compileAfter: 2,
    grown(bytes) {
      expect(bytes).toBeGreaterThan(0);
      compiledAt = time;
    },
  });
  // biome-ignore lint/suspicious/noExplicitAny: a context of which nothing is asked but this
  const context: any = { viewer: { scopes: new Set() }, size: new ResultSize(createBudget(), null), release() {} };
  for (; time < 5; time++) await executor.execute(context as GraphContext, {});
  return compiledAt;
}

describe('a query is compiled', () => {
  test('after its second time', async () => {
    expect(await compiledAfter('{ __typename }')).toBe(2);
  });

  test('but not when it is large', async () => {
    const fields = Array.from({ length: 400 }, (_, n) => `f${n}: __typename`).join(' ');
    expect(await compiledAfter(`{ ${fields} }`)).toBeNull();
  });

  test('nor when it is large only once its fragments are written out', async () => {
    const aliases = Array.from({ length: 8 }, (_, n) => n);
    const fragment = (level: number) =>
      `fragment F${level} on Agent { ${aliases.map((n) => `a${n}: avatarSyncBatch { agent { id ...F${level + 1} } }`).join(' ')} }`;
    const document = `query ($no: Boolean = false) { agents @include(if: $no) { ...F0 } __typename } ${[0, 1, 2, 3, 4, 5, 6, 7].map(fragment).join(' ')} fragment F8 on Agent { id }`;
    expect(await compiledAfter(document)).toBeNull();
  });

  test('nor while it fails', async () => {
    // Nobody has the scope.
    expect(await compiledAfter('{ agents { id } }')).toBeNull();
  });
});

test('a query that fails once it is compiled is executed once more by graphql-js, and then once a request', async () => {
  const document = parse('{ viewer { kind } }');
  const executor = createExecutor(schema, document, getOperationAST(document)!, { compileAfter: 0, grown() {} });
  let reads = 0;
  const size = new ResultSize(createBudget(), null);
  const resets = vi.spyOn(size, 'reset');
  const context = {
    size,
    release() {},
    get viewer() {
      reads += 1;
      throw new GraphQLError('nobody');
    },
  };
  const once = async () => {
    const before = reads;
    // biome-ignore lint/suspicious/noExplicitAny: a context that fails at what is asked of it
    const { errors } = await executor.execute(context as any, {});
    expect(errors?.map(({ message }) => message)).toEqual(['nobody']);
    return reads - before;
  };
  const first = await once();
  expect(resets).toHaveBeenCalledTimes(1);
  const second = await once();
  expect(first).toBe(2 * second);
  expect(await once()).toBe(second);
  expect(resets).toHaveBeenCalledTimes(1);
});
