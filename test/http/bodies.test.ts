import { expect, test } from 'vitest';
import { createBodyBudget } from '../../src/http/bodies.ts';
import { dataOf } from '../app.ts';
import { importFile } from '../uploads.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test('a body that arrives slowly holds only what is there, and one owner has half at the most', () => {
  const budget = createBodyBudget(1_000_000);
  const [one, other] = [budget.arriving('a'), budget.arriving('a')];
  one.take(300_000);
  other.take(200_000);
  expect(() => other.take(1)).toThrow('Too much');
  const third = budget.arriving('b');
  third.take(500_000);
  expect(() => budget.reserve(20_000)).toThrow('Too much');
  one.release();
  one.release();
  expect(() => one.take(1)).toThrow('Too much');
  other.take(300_000);
  for (const body of [other, third]) body.release();
  budget.reserve(1_000_000)?.();
});

test('uploads give back what they held when they are over', async () => {
  const content = new Uint8Array(20_000_000).fill(10);
  const input = { kind: 'EXTERNAL_USERS', format: 'NDJSON' };
  // Together they would be more than one tenant's half.
  for (let n = 0; n < 4; n += 1) {
    const { startImport } = dataOf(await importFile(service, service.tenant, content, input));
    expect(startImport.import.state).toBe('QUEUED');
  }
});
