import { setImmediate as eventLoopTurn } from 'node:timers/promises';
import { buildSchema } from 'graphql';
import { expect, test, vi } from 'vitest';
import type { Viewer } from '../../src/auth/viewer.ts';
import { createOperationTurns } from '../../src/database/operation-turns.ts';
import { createPrepare, type Prepare } from '../../src/operations/prepare.ts';
import { createOperations, type OperationsOptions } from '../../src/operations/run.ts';

const schema = buildSchema('type Query { name: String }');
const turns = createOperationTurns();
const prepare = createPrepare(schema, { introspection: true, compileAfter: 2 });
const { prepareFor } = createOperations({ prepare, turns } as OperationsOptions);
const [one, other] = ['one', 'other'].map((tenantId) => ({ tenantId }) as Viewer) as [Viewer, Viewer];

test('a tenant’s new documents are prepared one in each turn of the event loop beside another tenant', async () => {
  const known = { query: '{ name }' };
  await prepareFor(other, known, null);
  expect(prepareFor(one, { query: '{ first: name }' }, null)).toBeInstanceOf(Promise);
  let prepared = 0;
  const flood = Array.from({ length: 20 }, async (_, n) => {
    await prepareFor(one, { query: `{ name${n}: name }` }, null);
    prepared += 1;
  });
  const refused = prepareFor(other, { query: '{ nobody }' }, null);
  await expect(refused).rejects.toThrow();
  expect(prepared).toBeLessThan(5);
  await eventLoopTurn();
  expect(prepared).toBeLessThan(6);
  // What is known waits for nobody.
  expect(prepareFor(other, known, null)).toBe(prepareFor(one, known, null));
  await Promise.all(flood);
  expect(prepared).toBe(20);
});

test('beside another tenant the next one waits for as long as the last took', async () => {
  let clock = 0;
  const slow = (...request: Parameters<Prepare>) => {
    clock += 20;
    return prepare(...request);
  };
  const operations = createOperations({
    prepare: Object.assign(slow, { isNew: prepare.isNew }),
    turns: createOperationTurns(() => clock),
  } as OperationsOptions);
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  try {
    await operations.prepareFor(other, { query: '{ others: name }' }, null);
    const both = ['one', 'next'].map((name) => operations.prepareFor(one, { query: `{ ${name}: name }` }, null));
    for (let turn = 0; turn < 3; turn++) await eventLoopTurn();
    expect(clock).toBe(40);
    vi.advanceTimersByTime(20);
    await Promise.all(both);
    expect(clock).toBe(60);
  } finally {
    vi.useRealTimers();
  }
});
