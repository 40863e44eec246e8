import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { readDatabaseUrl } from '../../src/database/database-url.ts';
import { isUnavailable } from '../../src/database/failures.ts';
import {
  type Busyness,
  choose,
  createPipelinedConnections,
  type PipelinedConnections,
} from '../../src/database/pipelined-connections.ts';
import { createSessions } from '../../src/database/sessions.ts';
import { statementName } from '../../src/database/statement.ts';
import { connectTestDatabase } from '../setup/database.ts';

let connection: Connection;
beforeAll(async () => {
  connection = await connectTestDatabase(inject('database'));
});
afterAll(() => connection.close());

const ask = (text: string, ...values: (string | number | null | readonly string[])[]) =>
  connection.query({ name: statementName(text), text }, values);

test('a row is the same however it comes', async () => {
  const text = `select 'é "quoted" \\ back 😀' as text, null as nothing, 7 as number, 1.5::float8 as half, true as yes, array['a', null]::text[] as list,
    '{"a": [1]}'::jsonb as document, '2026-01-02 03:04:05.678+00'::timestamptz as "createdAt", null::timestamptz as "closedAt", '2026-01-02 03:04:05+00'::timestamptz as whenever, '2026-01-02T03:04:05Z'::text as "modifiedAt",
    '0199c0de-0000-7000-8000-000000000000'::uuid as id where $1::int = 1`;
  const row = [
    {
      text: 'é "quoted" \\ back 😀',
      nothing: null,
      number: 7,
      half: 1.5,
      yes: true,
      list: ['a', null],
      document: { a: [1] },
      createdAt: new Date('2026-01-02T03:04:05.678Z'),
      closedAt: null,
      whenever: new Date('2026-01-02T03:04:05Z'),
      modifiedAt: '2026-01-02T03:04:05Z',
      id: '0199c0de-0000-7000-8000-000000000000',
    },
  ];
  // The first time it is read column by column, and then as JSON.
  for (let time = 0; time < 3; time++) expect(await ask(text, 1)).toEqual(row);
  expect(await ask(text, 2)).toEqual([]);
});

test('what JSON cannot say stays as it is', async () => {
  const text = `select 9007199254740993::bigint as large, 1.10::numeric as exact where $1::int = 1`;
  const first = await ask(text, 1);
  expect(await ask(text, 1)).toEqual(first);
  const twice = 'select 1 as n, 2 as n where $1::int = 1';
  expect(await ask(twice, 1)).toEqual(await ask(twice, 1));
});

test.each(['timeout expired', 'Connection terminated unexpectedly', 'Client was closed and is not queryable'])(
  '“%s” is an outage',
  (message) => {
    expect(isUnavailable(new Error(message))).toBe(true);
  },
);

test('rows keep their order', async () => {
  const rows = (await ask('select n from generate_series(1, $1::int) n order by n % 7, n desc', 500)) as {
    n: number;
  }[];
  expect(rows).toHaveLength(500);
  expect(rows.map(({ n }) => n)).toEqual(rows.map(({ n }) => n).sort((a, b) => (a % 7) - (b % 7) || b - a));
});

test('each of many at once gets its own answer, and a faulty one its own fault', async () => {
  const results = await Promise.allSettled(
    Array.from({ length: 300 }, (_, n) => ask('select 100 / $1::int as quotient, $2 as asked', n % 10, `${n}`)),
  );
  results.forEach((result, n) => {
    if (n % 10 === 0) expect(result).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
    else
      expect(result).toMatchObject({
        status: 'fulfilled',
        value: [{ quotient: Math.trunc(100 / (n % 10)), asked: `${n}` }],
      });
  });
});

describe.skipIf(!('url' in inject('database')))('over PostgreSQL', () => {
  test('a broken connection fails what is under way as an outage, and the next statement finds another', async () => {
    const backend = 'select pg_backend_pid() as pid';
    const busy = 'select count(*)::int as n from generate_series(1, $1::int) n';
    // The first time each goes over a connection of its own.
    await ask(backend);
    await ask(busy, 1);
    const pids = new Set(
      ((await Promise.all(Array.from({ length: 30 }, () => ask(backend)))).flat() as { pid: number }[]).map(
        ({ pid }) => pid,
      ),
    );
    expect(pids.size).toBeLessThanOrEqual(3);
    const slow = Array.from({ length: 6 }, () => ask(busy, 30_000_000));
    const failed = Promise.allSettled(slow);
    // A statement that writes goes over other connections.
    await connection.script(async (script) => {
      await script(`select pg_terminate_backend(pid) from unnest(array[${[...pids]}]) pid`);
    });
    const reasons = (await failed).map((result) =>
      result.status === 'rejected' ? isUnavailable(result.reason) : 'answered',
    );
    expect(reasons).toContain(true);
    expect(reasons).not.toContain(false);
    expect(await ask('select 1 as one')).toEqual([{ one: 1 }]);
    const after = ((await ask(backend)) as { pid: number }[])[0]?.pid as number;
    expect(pids.has(after)).toBe(false);
  });

  test('slow statements on every connection hold up nobody', async () => {
    const busy = 'select count(*)::int as n from generate_series(1, $1::int) n';
    await ask(busy, 1);
    await ask('select 1 as one');
    let done = 0;
    const slow = Array.from({ length: 6 }, () => ask(busy, 6_000_000).then(() => done++));
    await new Promise((resolve) => setTimeout(resolve, 150));
    const before = done;
    expect(await Promise.all(Array.from({ length: 10 }, () => ask('select 1 as one')))).toHaveLength(10);
    expect(before).toBeLessThan(6);
    expect(done).toBeLessThan(6);
    await Promise.all(slow);
  });

  test('a statement that waits for a lock holds up nobody', async () => {
    await connection.script(async (script) => {
      await ask('select 1 as one');
      await script(`begin; lock table tenant in access exclusive mode`);
      const waiting = ask('update tenant set name = name where id is null returning id');
      const read = await Promise.all(Array.from({ length: 50 }, () => ask('select 1 as one')));
      expect(read).toHaveLength(50);
      await script('rollback');
      expect(await waiting).toEqual([]);
    });
  });
});

describe('a statement goes', () => {
  const now = 1_000_000;
  const busy = (underWay: number, backlog: number, silentFor = 1): Busyness => ({
    underWay,
    backlog,
    movedAt: now - silentFor,
  });
  const idle = busy(0, 0, 60_000);

  test.each<[string, (Busyness | undefined)[], number | null]>([
    ['to an idle connection rather than to one with little to do', [busy(1, 0.1), idle], 1],
    ['to an idle connection rather than open another', [busy(1, 0.1), undefined, idle], 2],
    ['to a new connection rather than wait', [busy(3, 30), undefined], 1],
    ['along with many quick ones, even where another is idle', [idle, busy(4, 0.4)], 1],
    ['not along with many that take long', [busy(4, 40), idle], 1],
    ['to the one with the least to do, not with the fewest statements', [busy(2, 30), busy(9, 3), busy(3, 12)], 1],
    ['to none that is silent, however little it has to do', [busy(5, 0.1, 60), busy(3, 30)], 1],
    ['nowhere when all are silent', [busy(1, 0.1, 60), busy(2, 0.2, 51)], null],
    ['to the first when nothing is open', [undefined, undefined], 0],
  ])('%s', (_, connections, chosen) => {
    expect(choose(connections, now)).toBe(chosen);
  });
});

describe.skipIf(!('url' in inject('database')))('quick statements', () => {
  const { url } = inject('database') as { url: string };
  const text = 'select pg_backend_pid() as pid, 1 / $1::int as one';

  /** What share of forty statements, sent at once, the busiest of three connections got. */
  async function busiestShare(connections: PipelinedConnections): Promise<number> {
    const answers = await Promise.all(
      Array.from(
        { length: 40 },
        () => connections.query({ name: 'quick', text, values: [1] }) as Promise<{ rows: unknown[] }>,
      ),
    );
    const counts = new Map<number, number>();
    for (const { rows } of answers) {
      const { pid } = rows[0] as { pid: number };
      counts.set(pid, (counts.get(pid) ?? 0) + 1);
    }
    return Math.max(...counts.values()) / 40;
  }
  async function keepsTogether(connections: PipelinedConnections): Promise<boolean> {
    for (let time = 0; time < 100; time++) if ((await busiestShare(connections)) > 0.5) return true;
    return false;
  }

  test('go together once it is known that they are quick, and still do after many have failed', async () => {
    const sessions = createSessions(readDatabaseUrl(url));
    const settings = { statementTimeoutMs: 20_000, lockTimeoutMs: 3_000, silenceLimitMs: 22_000 };
    const connections = createPipelinedConnections(sessions.config(settings), 3);
    try {
      expect(await keepsTogether(connections)).toBe(true);
      const failures = Array.from(
        { length: 60 },
        () => connections.query({ name: 'quick', text, values: [0] }) as Promise<unknown>,
      );
      expect((await Promise.allSettled(failures)).every(({ status }) => status === 'rejected')).toBe(true);
      expect(await keepsTogether(connections)).toBe(true);
    } finally {
      await connections.close();
      sessions.close();
    }
  });
});
