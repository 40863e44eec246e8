import { parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { createBudget } from '../../src/operations/budget.ts';
import { createCompiler } from '../../src/operations/compiled.ts';
import { ResultSize } from '../../src/operations/result-size.ts';
import { buildSchema } from '../../src/schema/schema.ts';

const schema = buildSchema();

/** How many of five times a document is left to the plain executor. */
function plainly(text: string): number {
  const document = parse(text);
  const compiler = createCompiler();
  let times = 0;
  for (let time = 0; time < 5; time++) {
    const contextValue = { viewer: { scopes: new Set() }, size: new ResultSize(createBudget(), null) };
    void compiler.execute({ schema, document, contextValue }, () => {
      times += 1;
      return { data: {} };
    });
  }
  return times;
}

describe('a query is compiled', () => {
  test('from its third time on', () => {
    expect(plainly('{ __typename }')).toBe(2);
  });

  test('but not when it is large', () => {
    const fields = Array.from({ length: 400 }, (_, n) => `f${n}: __typename`).join(' ');
    expect(plainly(`{ ${fields} }`)).toBe(5);
  });

  test('nor when it is large only once its fragments are written out', () => {
    const aliases = Array.from({ length: 8 }, (_, n) => n);
    const fragment = (level: number) =>
      `fragment F${level} on Agent { ${aliases.map((n) => `a${n}: avatarSyncBatch { agent { id ...F${level + 1} } }`).join(' ')} }`;
    const document = `{ agents { ...F0 } } ${[0, 1, 2, 3, 4, 5, 6, 7].map(fragment).join(' ')} fragment F8 on Agent { id }`;
    expect(plainly(document)).toBe(5);
  });
});
