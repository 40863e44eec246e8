import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createBudget } from '../../src/operations/budget.ts';
import { toldCost } from '../../src/operations/cost.ts';
import { createPrepare } from '../../src/operations/prepare.ts';
import { ResultSize } from '../../src/operations/result-size.ts';
import type { GraphContext } from '../../src/schema/context.ts';
import { buildSchema } from '../../src/schema/schema.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const schema = buildSchema();
const keptBytes = 16_000_000;

const times = (count: number, part: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

function heapUsed(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

/** The dearest documents of each kind, each with a number that makes it another document. */
const dearest: Record<string, (index: number) => string> = {
  comments: (index) => `${'#\n'.repeat(31_950)}{viewer{kind}}#${index}`,
  'wide characters': (index) => `{viewer{kind}}#${'€'.repeat(63_900)}${index}`,
  'many small ones': (index) => `{viewer{kind}}#${index}`,
  values: (index) =>
    `mutation{createParticipant(input:{kind:PERSON,displayName:"x",agentIds:[${times(2_900, () => '"x"')}]}){__typename}}#${index}`,
  fields: (index) =>
    `{${times(55, (n) => `a${n}:participantsConnection(first:1,filter:{kind:PERSON,email:"x"}){totalCount nodes{id displayName kind email}}`)}}#${index}`,
};

test.each(Object.entries(dearest))('documents are kept in bounded memory: %s', (_, document) => {
  const prepare = createPrepare(schema, { introspection: true, compileAfter: 2, keptBytes });
  prepare({ query: '{viewer{kind}}' }, null);
  const before = heapUsed();
  for (let index = 0; index < 4_000; index++) {
    prepare({ query: document(index) }, null);
    // Enough to have turned the cache over many times.
    if (index > 400 && document(0).length > 2_000) break;
  }
  expect(heapUsed() - before).toBeLessThan(1.5 * keptBytes);
  prepare({ query: '{viewer{kind}}' }, null);
});

test('compiled code is kept in the same bounds', async () => {
  const prepare = createPrepare(schema, { introspection: true, compileAfter: 0, keptBytes });
  // biome-ignore lint/suspicious/noExplicitAny: a context of which nothing is asked but this
  const context: any = {
    viewer: { scopes: new Set(), kind: 'USER' },
    size: new ResultSize(createBudget(), null),
    uncounted: { add() {} },
    release() {},
  };
  const before = heapUsed();
  for (let index = 0; index < 300; index++) {
    const { executor } = prepare({ query: `{viewer{${times(55, (n) => `a${n}:kind`)}}}#${index}` }, null);
    expect(await executor.execute(context as GraphContext, {})).not.toHaveProperty('errors');
  }
  expect(heapUsed() - before).toBeLessThan(1.5 * keptBytes);
  prepare({ query: '{viewer{kind}}' }, null);
});

test('a document that was kept is not parsed again', () => {
  const prepare = createPrepare(schema, { introspection: true, compileAfter: 2, keptBytes });
  const first = prepare({ query: '{viewer{kind}}' }, null);
  expect(prepare({ query: '{viewer{kind}}' }, null)).toBe(first);
  expect(prepare({ query: '{viewer{kind}} ' }, null)).not.toBe(first);
});

test('telling what documents cost keeps nothing besides them', () => {
  const prepare = createPrepare(schema, { introspection: true, compileAfter: 2, keptBytes });
  // Each fragment spreads the next one twice, so written out there are thousands of fields.
  const agents = times(
    4,
    (n) =>
      `fragment A${n} on Agent{a:participantsConnection(first:1){nodes{...P${n}}} b:participantsConnection(first:1){nodes{...P${n}}}}`,
  );
  const people = times(4, (n) => `fragment P${n} on Participant{a:agents{...A${n + 1}} b:agents{...A${n + 1}}}`);
  const document = (index: number) =>
    `{agents{...A0}} ${agents} ${people} fragment A4 on Agent{id name createdAt modifiedAt __typename}#${index}`;
  const data = { agents: [] };
  prepare({ query: document(-1) }, null);
  const before = heapUsed();
  for (let index = 0; index < 300; index++) {
    const prepared = prepare({ query: document(index) }, null);
    expect(toldCost(prepared, {}, index % 2 === 0 ? data : undefined).actual).toBe(index % 2 === 0 ? 1 : 0);
  }
  expect(heapUsed() - before).toBeLessThan(1.5 * keptBytes);
  prepare({ query: '{viewer{kind}}' }, null);
});
