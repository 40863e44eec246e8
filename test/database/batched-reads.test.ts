import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createBatchedReads } from '../../src/database/batched-reads.ts';
import type { Connection } from '../../src/database/connection.ts';
import { nothing, rows } from '../../src/database/sql/columns.ts';
import { parameter, sql, tenant } from '../../src/database/sql/fragment.ts';
import { batchedRead } from '../../src/database/sql/statement.ts';
import { array, nullable, text, timestamptz, uuid } from '../../src/database/sql/types.ts';
import { askedByMany, type Prepared } from '../../src/database/statement.ts';
import { connectTestDatabase } from '../setup/database.ts';

const named = (name: string): Prepared => ({ name, text: name });
const [one, all, other, allOfOther] = ['one', 'all', 'other', 'all of other'].map(named) as [
  Prepared,
  Prepared,
  Prepared,
  Prepared,
];

/** Batched reads whose database returns each caller its values, and a log of what ran. */
function echo(refuses: (values: readonly unknown[]) => unknown = () => null) {
  const ran: { name: string; callers: number; gathered: boolean }[] = [];
  const batchedReads = createBatchedReads(async ({ name }, values, gathered) => {
    const asked = name.startsWith('all') ? (JSON.parse(values[0] as string) as Record<string, unknown>[]) : null;
    const callers = asked?.map(({ n, ...rest }) => Object.values(rest)) ?? [values];
    ran.push({ name, callers: callers.length, gathered });
    for (const each of callers) {
      const error = refuses(each);
      if (error) throw error;
    }
    const rows = callers.map(([tenant, key]) => [{ found: `${tenant} ${key}` }]);
    return JSON.stringify(asked ? rows : rows[0]);
  });
  return { ran, batchedReads };
}

test('concurrent equal reads are one statement, and a single one is its own', async () => {
  const { ran, batchedReads } = echo();
  const answers = await Promise.all([
    ...['a', 'b', 'c'].map((key) => batchedReads.ask(one, all, ['t', key])),
    batchedReads.ask(other, allOfOther, ['t', 'd']),
  ]);
  expect(answers).toEqual([[{ found: 't a' }], [{ found: 't b' }], [{ found: 't c' }], [{ found: 't d' }]]);
  expect(ran).toEqual([
    { name: 'all', callers: 3, gathered: false },
    { name: 'other', callers: 1, gathered: false },
  ]);
  await batchedReads.ask(one, all, ['t', 'later']);
  expect(ran.at(-1)).toEqual({ name: 'one', callers: 1, gathered: true });
  await Promise.all(['a', 'b'].map((key) => batchedReads.ask(one, all, ['t', key])));
  expect(ran.at(-1)).toEqual({ name: 'all', callers: 2, gathered: true });
});

test('a crowd is answered in several statements', async () => {
  const { ran, batchedReads } = echo();
  const answers = await Promise.all(
    Array.from({ length: 129 }, (_, n) => batchedReads.ask(one, all, ['t', String(n)])),
  );
  expect(answers).toEqual(answers.map((_, n) => [{ found: `t ${n}` }]));
  expect(ran.map(({ callers }) => callers)).toEqual([64, 64, 1]);
});

test('what is refused for one is refused for that one alone', async () => {
  const { ran, batchedReads } = echo(([, key]) => key === 'bad' && Object.assign(new Error('no'), { code: '22P02' }));
  const answers = await Promise.allSettled(['a', 'bad', 'b'].map((key) => batchedReads.ask(one, all, ['t', key])));
  expect(answers).toMatchObject([
    { value: [{ found: 't a' }] },
    { status: 'rejected', reason: { code: '22P02' } },
    { value: [{ found: 't b' }] },
  ]);
  expect(ran.map(({ callers }) => callers)).toEqual([3, 1, 1, 1]);
});

test.each([
  ['is away', new Error('Connection terminated unexpectedly')],
  ['takes too long', Object.assign(new Error('canceling statement'), { code: '57014' })],
  ['is locked', Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' })],
])('that the database %s is told to all, and it is not asked again for each', async (_, error) => {
  const { ran, batchedReads } = echo(() => error);
  const answers = await Promise.allSettled(['a', 'b', 'c'].map((key) => batchedReads.ask(one, all, ['t', key])));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(ran).toHaveLength(1);
});

test('what is no text, or none that can be stored, is asked for by itself', async () => {
  const { ran, batchedReads } = echo();
  const odd = ['nul \0', 'half \ud83d', 7, ['a', 'b']];
  const asking = ['a', ...odd, 'b'].map((key) => batchedReads.ask(one, all, ['t', key]));
  expect(await Promise.all(asking)).toEqual(['a', ...odd, 'b'].map((key) => [{ found: `t ${key}` }]));
  expect(ran.map(({ callers }) => callers).sort()).toEqual([1, 1, 1, 1, 2]);
});

test('an answer that is none is the caller’s failure', async () => {
  const batchedReads = createBatchedReads(async () => 'no JSON');
  await expect(batchedReads.ask(one, all, ['t', 'a'])).rejects.toThrow(SyntaxError);
  const both = ['a', 'b'].map((key) => batchedReads.ask(one, all, ['t', key]));
  expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

describe('a batched read', () => {
  let connection: Connection;
  beforeAll(async () => {
    connection = await connectTestDatabase(inject('database'));
  });
  afterAll(() => connection.close());

  const tenants = ['1', '2'].map((digit) => `0199c0de-0000-7000-8000-00000000000${digit}`);
  // Each tenant has rows of all keys, some of them several, and of some keys none.
  const of = (index: number) => sql`('0199c0de-0000-7000-8000-00000000000${index}'::uuid)`;
  const row = rows({ found: text, createdAt: timestamptz, nothing: nullable(text) });
  const statement = batchedRead(row)`
    select k.key || ' of ' || k.tenant_id as found, '2026-01-02 03:04:05.678+00'::timestamptz as "createdAt", null as nothing
    from (select t.id as tenant_id, n % 7 as key from (values ${of(1)}, ${of(2)}) t (id), generate_series(0, 9) n) k
    where k.tenant_id = ${tenant} and k.key::text = ${parameter('key', text)} order by found`.all.many;

  test('finds for many what it finds for each, and nothing of another tenant', async () => {
    const alone = { name: statement.name, text: statement.text };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.constantFrom(...tenants), fc.integer({ min: 0, max: 9 }).map(String)), {
          minLength: 1,
          maxLength: 90,
        }),
        async (callers) => {
          const each: unknown[] = [];
          for (const caller of callers) each.push(await connection.query(alone, caller));
          const batched = await Promise.all(callers.map((caller) => connection.query(statement, caller)));
          expect(batched).toEqual(each);
          for (const [index, [tenant]] of callers.entries())
            for (const { found } of batched[index] as { found: string }[]) expect(found).toContain(tenant);

          // The statement for many itself, whichever way the connection takes.
          const [row] = (await connection.query(statement.forMany as Prepared, [askedByMany(callers)])) as {
            rows: string;
          }[];
          const found = (rows: unknown[]) => rows.map((row) => (row as { found: string }).found);
          expect((JSON.parse(row?.rows ?? '') as unknown[][]).map(found)).toEqual((each as unknown[][]).map(found));
        },
      ),
      { numRuns: 30 },
    );
  });

  test('of what PostgreSQL cannot read fails by itself', async () => {
    const ask = (key: string) => connection.query(statement, [tenants[0] as string, key]);
    for (let time = 0; time < 2; time++) await ask('3');
    const answers = await Promise.allSettled(['3', 'nul \0', '4'].map(ask));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('that does not keep to its tenant cannot be made', () => {
    expect(() => batchedRead(nothing)`select from agent a where a.id = ${parameter('id', text)}`).toThrow(
      /tenant_id = /,
    );
    expect(() => batchedRead(nothing)`select from agent a where a.id = ${tenant}::text`).toThrow(/tenant_id = /);
    const ids = parameter('ids', array(uuid));
    expect(() => batchedRead(nothing)`select from file f where f.tenant_id = ${tenant} and f.id = any(${ids})`).toThrow(
      /no arrays/,
    );
    expect(() => batchedRead(nothing)`select from agent asked where asked.tenant_id = ${tenant}`).toThrow(/asked/);
  });
});
