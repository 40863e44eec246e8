import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Answer, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConversation } from '../conversations/factories.ts';
import { until } from '../events/trigger.ts';
import { prepared } from '../prepared.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { type FaultProxy, type Mode, startProxy } from './proxy.ts';

const database = inject('database');

/** What a caller gets: the data's truth, or the code of the error. */
const outcome = ({ data, errors }: Answer<unknown>) => errors?.[0]?.extensions.code ?? (data ? 'ok' : 'nothing');

// Faults of connections need connections: the embedded database has none.
describe.skipIf(!('url' in database))('a connection to PostgreSQL', () => {
  let own: Awaited<ReturnType<typeof createOwnDatabase>>;
  let proxy: FaultProxy;
  let service: TestApp;
  let tenant: TestTenant;
  /** Beside the proxy: one that holds locks, and one that sees who waits for them. */
  let beside: pg.Client;
  let watching: pg.Client;
  let conversationId: string;
  beforeAll(async () => {
    own = await createOwnDatabase(database);
    const url = new URL((own.place as { url: string }).url);
    proxy = await startProxy({ target: { host: url.hostname, port: Number(url.port || 5432) } });
    beside = new pg.Client({ connectionString: url.href });
    await beside.connect();
    watching = new pg.Client({ connectionString: url.href });
    await watching.connect();
    url.hostname = '127.0.0.1';
    url.port = String(proxy.port);
    service = await startApp({ LOG_LEVEL: 'silent' }, undefined, { database: { url: url.href } });
    ({ tenant } = service);
    conversationId = await createConversation(tenant);
  });
  afterAll(async () => {
    await service?.close();
    await proxy?.close();
    await beside?.end();
    await watching?.end();
    await own?.drop();
  });
  afterEach(async () => {
    await beside.query('rollback');
    await proxy.mode('pass');
    await until(async () => (await ready()).status === 200);
  });

  const ready = () => service.app.fetch(new Request('http://localhost/readyz'));
  let count = 0;
  const ensure = (of = conversationId, by = tenant) =>
    by.graphql(
      'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created } }',
      { input: { conversationId: of, participant: { flow: { id: `flow ${count++}` } } } },
    );
  const create = (by = tenant) =>
    by.graphql(
      `mutation { createParticipant(input: { kind: PERSON, displayName: "P ${count++}" }) { participant { id } } }`,
    );
  const read = () => tenant.graphql('{ participants { id displayName channels { id } } }');
  const ways = { 'a batched write': ensure, 'a transaction': create, 'a read': read };
  const waiting = async (least: number) =>
    until(async () => {
      const { rows } = await watching.query(
        `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows.length >= least;
    });

  const broken: Mode[] = ['cut', 'fin'];
  const locks = {
    'a batched write': 'lock table conversation_member in access exclusive mode',
    'a transaction': 'lock table participant in access exclusive mode',
    'a read': 'lock table participant in access exclusive mode',
  };
  test.each((Object.keys(ways) as (keyof typeof ways)[]).flatMap((way) => broken.map((mode) => [mode, way] as const)))(
    '%s under %s is an outage for its caller, and for nobody else',
    async (mode, way) => {
      // Twice: the second time a read goes over a pipelined connection.
      for (let time = 0; time < 3; time++) expect(outcome(await ways[way]())).toBe('ok');
      await beside.query(`begin; ${locks[way]}`);
      const asked = ways[way]();
      await waiting(1);
      await proxy.mode(mode);
      expect(outcome(await asked)).toBe('UNAVAILABLE');
      await proxy.mode('pass');
      await beside.query('rollback');
      await until(async () => outcome(await ways[way]()) === 'ok');
    },
  );

  test.each(broken)('%s while all are idle is noticed by nobody', async (mode) => {
    for (const way of Object.values(ways)) await way();
    for (const each of proxy.connections) each.mode(mode);
    await until(async () => proxy.connections.length === 0);
    await until(async () => {
      const all = await Promise.all(Object.values(ways).map((way) => way()));
      return all.every((answer) => outcome(answer) === 'ok');
    });
  });

  test('refused, cut and ended while it is opened, it is an outage, with a time to come back', async () => {
    for (const mode of ['refuse', 'cut', 'fin'] as const) {
      await proxy.mode(mode);
      const answers = await Promise.all(Object.values(ways).map((way) => way()));
      for (const answer of answers) {
        expect(outcome(answer)).toBe('UNAVAILABLE');
        expect(answer.errors?.[0]?.extensions.retryAfter).toBeGreaterThan(0);
      }
      // What was found out counts for a second.
      await until(async () => (await ready()).status === 503);
      await proxy.mode('pass');
      await until(async () => outcome(await create()) === 'ok');
    }
  });

  test.each(['silent', 'requests-only', 'answers-only'] as const)(
    '%s, everybody is told and readiness answers; nobody waits once it passes',
    async (mode) => {
      for (const way of Object.values(ways)) for (let time = 0; time < 3; time++) await way();
      await proxy.mode(mode);
      const asked = Promise.all(Object.values(ways).map((way) => way()));
      await until(async () => (await ready()).status === 503);
      expect((await asked).map(outcome)).toEqual(['UNAVAILABLE', 'UNAVAILABLE', 'UNAVAILABLE']);
      await proxy.mode('pass');
      await until(async () => {
        const all = await Promise.all(Object.values(ways).map((way) => way()));
        return all.every((answer) => outcome(answer) === 'ok');
      });
    },
  );

  test('silent while others are answered, it is given up, for the server does not work on its statement', async () => {
    for (let time = 0; time < 3; time++) await create();
    // Those that are open now, and not those that are opened to ask.
    for (const each of proxy.connections) each.mode('silent');
    expect(outcome(await create())).toBe('UNAVAILABLE');
    await until(async () => outcome(await create()) === 'ok');
  });

  test('one that works for long is not taken for silent', async () => {
    const sleep = service.app.database.connection.query(prepared('select pg_sleep(6)::text as slept'), []);
    expect(await sleep).toEqual([{ slept: '' }]);
  });

  test('a row that somebody holds keeps nobody else waiting, and those who want it are told', async () => {
    const other = await service.createTenant();
    const [elsewhere, ofOther] = [await createConversation(tenant), await createConversation(other)];
    await beside.query('begin');
    await beside.query('select from conversation where id = $1 for update', [conversationId]);
    const held = Array.from({ length: 12 }, () => ensure());
    await waiting(2);
    expect(outcome(await create())).toBe('ok');
    expect(outcome(await create(other))).toBe('ok');
    expect(outcome(await ensure(elsewhere))).toBe('ok');
    expect(outcome(await ensure(ofOther, other))).toBe('ok');
    expect((await ready()).status).toBe(200);
    const { rows } = await watching.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    expect(rows.length).toBeLessThanOrEqual(2);
    expect(new Set((await Promise.all(held)).map(outcome))).toEqual(new Set(['UNAVAILABLE']));
    await beside.query('rollback');
    expect(outcome(await ensure())).toBe('ok');
  });

  test('a participant that somebody holds is waited for on two connections, in any spelling of its id', async () => {
    const { data } = await create();
    const { id } = data.createParticipant.participant;
    await beside.query('begin');
    await beside.query('select from participant where id = $1 for update', [id]);
    const held = Array.from({ length: 12 }, (_, n) =>
      tenant.graphql(
        `mutation { enableParticipant(input: { participantId: "${n % 2 ? id : id.toUpperCase()}" }) { participant { id } } }`,
      ),
    );
    await waiting(2);
    expect(outcome(await create())).toBe('ok');
    const { rows } = await watching.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    expect(rows.length).toBeLessThanOrEqual(2);
    expect(new Set((await Promise.all(held)).map(outcome))).toEqual(new Set(['UNAVAILABLE']));
  });

  test('is kept after a statement that was refused for what it says, and closed when it comes back in a transaction', async () => {
    const ask = (text: string) =>
      service.app.database.connection.query(prepared(text), []) as Promise<{ pid: number }[]>;
    // One that may wait runs on the pool that transactions use.
    const pid = `select pg_backend_pid() as pid, pg_sleep(0)::text as slept`;
    const [before] = await ask(pid);
    await expect(
      ask(`select 1 / (pg_backend_pid() - ${before?.pid}) as a, pg_sleep(0)::text as b`),
    ).rejects.toMatchObject({
      code: '22012',
    });
    expect(await ask(pid)).toEqual([{ ...before, slept: '' }]);
    await ask('begin -- pg_sleep');
    const [after] = await ask(pid);
    expect(after?.pid).not.toBe(before?.pid);
  });

  test('is replaced when a statement says that the server is read-only', async () => {
    for (const way of Object.values(ways)) for (let time = 0; time < 3; time++) await way();
    const before = proxy.connections.map(({ id }) => id);
    await watching.query('create sequence counter');
    const refused = service.app.database.connection.query(
      prepared(`select set_config('transaction_read_only', 'on', true) as a, nextval('counter')::text as b`),
      [],
    );
    await expect(refused).rejects.toMatchObject({ code: '25006' });
    await until(async () => proxy.connections.every(({ id }) => !before.includes(id)));
    expect(outcome(await create())).toBe('ok');
  });

  test('keeps time in UTC and its limits, against the settings of the database', async () => {
    await beside.query(`do $$ begin execute format('alter database %I set timezone = ''Asia/Tokyo''', current_database());
      execute format('alter database %I set statement_timeout = 1', current_database()); end $$`);
    for (const each of proxy.connections) each.mode('cut');
    await until(async () => outcome(await create()) === 'ok');
    const [row] = await service.app.database.connection.query(
      prepared(`select current_setting('TimeZone') as zone, current_setting('statement_timeout') as limit`),
      [],
    );
    expect(row).toEqual({ zone: 'UTC', limit: '20s' });
    await beside.query(`do $$ begin execute format('alter database %I reset all', current_database()); end $$`);
  });
});
