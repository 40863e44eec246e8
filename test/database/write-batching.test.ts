import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { rows } from '../../src/database/sql/columns.ts';
import { name, sql, tenantOf } from '../../src/database/sql/fragment.ts';
import { batchedWrite } from '../../src/database/sql/statement.ts';
import { integer, text } from '../../src/database/sql/types.ts';
import type { Prepared } from '../../src/database/statement.ts';
import { createWriteBatching } from '../../src/database/write-batching.ts';

const statement = (called: string) =>
  batchedWrite(
    { word: text },
    sql`${name(called)} as (select from agent a where a.tenant_id = ${tenantOf('asked')})`,
    sql`select 1`,
    rows({ n: integer, said: text }),
  );

/** A connection that answers each caller with the tenant and the word that it was given, after a while. */
function echo(batchedWritesAtOnce: number, isDistributed = false) {
  const seen = { atOnce: 0, max: 0, texts: [] as string[], tenants: [] as unknown[], failing: null as string | null };
  const queryBatchedWrite = async ({ text }: Prepared, [json, tenant]: readonly unknown[]) => {
    seen.texts.push(text);
    seen.tenants.push(tenant);
    seen.max = Math.max(seen.max, ++seen.atOnce);
    await sleep(3);
    seen.atOnce--;
    if (seen.failing && text.includes(seen.failing)) throw new Error('Connection terminated unexpectedly');
    const asked = JSON.parse(json as string) as { n: number; tenant_id: string; word: string }[];
    // In another order than asked, and without those who say nothing.
    const rows = asked
      .filter(({ word }) => word !== '')
      .map(({ n, tenant_id, word }) => ({ n, said: `${tenant_id} ${word}` }))
      .reverse();
    return [{ rows: JSON.stringify(rows) }];
  };
  return {
    seen,
    batching: createWriteBatching(
      { queryBatchedWrite: queryBatchedWrite as never, batchedWritesAtOnce, isDistributed },
      () => {},
    ),
  };
}

test('each caller gets its own row, of its own statement', async () => {
  const { batching, seen } = echo(1);
  const [one, two] = [statement('one'), statement('two')];
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      batching.ask(n % 3 ? one : two, `tenant ${n % 4}`, { word: n === 7 ? '' : `word ${n}` }),
    ),
  );
  expect(answers.map((row) => row?.said ?? null)).toEqual(
    answers.map((_, n) => (n === 7 ? null : `tenant ${n % 4} word ${n}`)),
  );
  expect(seen.texts).toHaveLength(2);
});

test('where tenants are on nodes, each statement is of one tenant, which is a parameter', async () => {
  const { batching, seen } = echo(1, true);
  const said = await Promise.all(
    Array.from({ length: 12 }, (_, n) => batching.ask(statement('one'), `tenant ${n % 3}`, { word: `word ${n}` })),
  );
  expect(said.map((row) => row?.said)).toEqual(said.map((_, n) => `tenant ${n % 3} word ${n}`));
  expect(seen.tenants).toEqual(['tenant 0', 'tenant 1', 'tenant 2']);
  for (const text of seen.texts) {
    expect(text).toContain('a.tenant_id = $2::uuid');
    expect(text).not.toContain('asked.tenant_id');
  }
});

test('no more statements run at once than there are connections, however many different ones are asked for', async () => {
  const { batching, seen } = echo(2);
  const statements = Array.from({ length: 10 }, (_, n) => statement(`s${n}`));
  const asking: Promise<unknown>[] = [];
  for (let n = 0; n < 60; n++) {
    asking.push(batching.ask(statements[n % 10] as (typeof statements)[number], 't', { word: String(n) }));
    if (n % 7 === 0) await sleep(1);
  }
  await Promise.all(asking);
  expect(seen.max).toBe(2);
});

test('when the database goes away between two statements, only the affected callers get the error', async () => {
  const { batching, seen } = echo(1);
  seen.failing = 'two as (';
  const [good, bad] = await Promise.allSettled([
    batching.ask(statement('one'), 't', { word: 'w' }),
    batching.ask(statement('two'), 't', { word: 'w' }),
  ]);
  expect(good).toMatchObject({ value: { said: 't w' } });
  expect(bad).toMatchObject({ status: 'rejected', reason: new Error('Connection terminated unexpectedly') });
});

test('what cannot be stored does not get in among others', async () => {
  const { batching, seen } = echo(1);
  expect(await batching.ask(statement('one'), 't', { word: 'a\u0000b' })).toBeNull();
  expect(await batching.ask(statement('one'), 't', { word: 'half \ud83d' })).toBeNull();
  expect(seen.texts).toEqual([]);
});

test('where one makes all fail, the others are answered; where many do, the rest are sent away', async () => {
  const queryBatchedWrite = async (_: Prepared, [json]: readonly unknown[]) => {
    const asked = JSON.parse(json as string) as { n: number; word: string }[];
    if (asked.some(({ word }) => word === 'bad')) throw Object.assign(new Error('no'), { code: '55P03' });
    return [{ rows: JSON.stringify(asked.map(({ n, word }) => ({ n, said: word }))) }];
  };
  const batching = createWriteBatching({
    queryBatchedWrite: queryBatchedWrite as never,
    batchedWritesAtOnce: 1,
    isDistributed: false,
  });
  const said = async (words: readonly string[]) =>
    (await Promise.all(words.map((word) => batching.ask(statement('one'), 't', { word })))).map(
      (row) => row?.said ?? null,
    );
  expect(await said(['a', 'bad', 'b', 'c'])).toEqual(['a', null, 'b', 'c']);
  expect(await said(['a', 'bad', 'bad', 'bad', 'b', 'bad', 'c'])).toEqual(['a', null, null, null, 'b', null, null]);
});

test('a tenant is not what a caller says it is', async () => {
  const { batching } = echo(1);
  expect(await batching.ask(statement('one'), 'mine', { word: 'w', tenant_id: 'another', n: '5' })).toMatchObject({
    said: 'mine w',
  });
});

test('a statement that does not keep to its callers’ tenants cannot be made', () => {
  expect(() =>
    batchedWrite(
      { word: text },
      sql`one as (select from agent a where a.tenant_id is not null)`,
      sql`select 1`,
      rows({ n: integer }),
    ),
  ).toThrow(/must say "\.tenant_id = \$\{tenantOf\('asked'\)\}"/);
});
