import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { databaseFault } from '../../src/database/faults.ts';
import { migrate } from '../../src/database/migrations.ts';
import { connectPostgres } from '../../src/database/postgres.ts';
import { type Answer, startApp } from '../app.ts';
import { until } from '../events/trigger.ts';
import { prepared } from '../prepared.ts';
import { noServer, type OwnServer, pgbouncer, startPgBouncer, startServer } from './postgres-server.ts';
import { startProxy } from './proxy.ts';

const outcome = ({ data, errors }: Answer<unknown>) => errors?.[0]?.extensions.code ?? (data ? 'ok' : 'nothing');
const name = (no: string | null) => (no === null ? '' : ` (skipped: ${no})`);
const runs = 'url' in inject('database') ? noServer : 'DATABASE_URL is not given';

describe.skipIf(runs !== null)(`a PostgreSQL of the suite’s own${name(runs)}`, () => {
  let server: OwnServer;
  beforeAll(async () => {
    server = await startServer();
  });
  afterAll(() => server?.close());

  let count = 0;
  const document = () =>
    `mutation { createParticipant(input: { kind: PERSON, displayName: "P ${count++}" }) { participant { id } } }`;
  const start = (url: string) => startApp({ LOG_LEVEL: 'silent' }, undefined, { database: { url } });
  const faultOf = async (url: string) => {
    const connection = connectPostgres(url, 3);
    try {
      await migrate(connection);
      return null;
    } catch (error) {
      return databaseFault(error);
    } finally {
      await connection.close();
    }
  };

  test('that restarts because a backend was killed is an outage that passes', async () => {
    const service = await start(server.url);
    const acknowledged: string[] = [];
    let going = true;
    const write = async () => {
      while (going) {
        const answer = await service.tenant.graphql(document());
        if (!answer.errors) acknowledged.push(answer.data.createParticipant.participant.id);
        else expect(outcome(answer)).toBe('UNAVAILABLE');
      }
    };
    const writers = [write(), write(), write()];
    await until(() => acknowledged.length > 20);
    const [victim] = await server.sql(
      `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1`,
    );
    process.kill(victim?.['pid'] as number, 'SIGKILL');
    const before = acknowledged.length;
    await until(() => acknowledged.length > before + 20);
    going = false;
    await Promise.all(writers);
    const ids = (await service.app.database.connection.query(
      prepared(`select id::text from participant where tenant_id = '${service.tenant.id}'`),
      [],
    )) as { id: string }[];
    const stored = new Set(ids.map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    await service.close();
  });

  test('whose standby is promoted while the old one lives on read-only is followed, by every connection', async () => {
    const primary = await startServer();
    const standby = await primary.standby();
    const proxy = await startProxy({ target: { host: '127.0.0.1', port: primary.port } });
    const hosts = await start(
      `postgresql://postgres@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/postgres?target_session_attrs=read-write`,
    );
    const address = await start(`postgresql://postgres@127.0.0.1:${proxy.port}/postgres`);
    const services = [hosts, address];
    const found = ({ tenant }: typeof hosts, id: string) => tenant.graphql(`{ participant(id: "${id}") { id } }`);
    for (const service of services)
      for (let time = 0; time < 5; time++) await service.tenant.graphql('{ participants { id } }');

    await until(
      async () => (await primary.sql('select 1 from pg_stat_replication where sent_lsn = replay_lsn')).length > 0,
    );
    await primary.sql('alter system set default_transaction_read_only = on; ');
    await primary.sql('select pg_reload_conf()');
    standby.promote();
    // Connections that are open stay on the old server, as they do where an address is moved.
    proxy.retarget({ host: '127.0.0.1', port: standby.port });

    for (const service of services) {
      let id = '';
      await until(async () => {
        const answer = await service.tenant.graphql(document());
        if (!answer.errors) id = answer.data.createParticipant.participant.id;
        else expect(outcome(answer)).toBe('UNAVAILABLE');
        return id !== '';
      });
      for (let time = 0; time < 20; time++) expect((await found(service, id)).data?.participant).toEqual({ id });
      expect((await service.app.fetch(new Request('http://localhost/readyz'))).status).toBe(200);
    }
    for (const service of services) await service.close();
    await proxy.close();
    await standby.close();
    await primary.close();
  });

  test('that cannot be used says why, and whether to try again', async () => {
    const at = (rest: string) => server.url.replace(/\/postgres$/, rest);
    expect(await faultOf(at('/nowhere'))).toMatchObject({
      kind: 'retry',
      message: expect.stringMatching(/no database of that name/),
    });
    expect(await faultOf('postgresql://postgres@127.0.0.1:1/postgres')).toMatchObject({
      kind: 'retry',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
    await server.sql('create database newer');
    expect(await faultOf(at('/newer'))).toBeNull();
    const connection = connectPostgres(at('/newer'), 3);
    await connection.script(async (run) => {
      await run(
        `insert into "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count) values ('x', 'x', '29990101000000_later', now(), 1)`,
      );
    });
    await connection.close();
    expect(await faultOf(at('/newer'))).toMatchObject({
      kind: 'configuration',
      message: expect.stringMatching(/29990101000000_later.*newer version/),
    });
  });

  test('whose migration lock another holds says so, and is free when that one has gone', async () => {
    await server.sql('create database locked');
    const url = server.url.replace(/\/postgres$/, '/locked');
    const other = connectPostgres(url, 3);
    let letGo = () => {};
    const holding = other.script(async (_, lock) => {
      await lock();
      await new Promise<void>((resolve) => {
        letGo = resolve;
      });
    });
    expect(await faultOf(url)).toMatchObject({
      kind: 'retry',
      message: expect.stringMatching(/another process holds the lock/),
    });
    letGo();
    await holding;
    await other.close();
    expect(await faultOf(url)).toBeNull();
  });

  test('that has no connection left serves over those that there are', async () => {
    const small = await startServer({
      max_connections: '12',
      superuser_reserved_connections: '0',
      max_wal_senders: '0',
    });
    await small.sql('create role app login; grant all on schema public to app; alter database postgres owner to app');
    const service = await start(small.url.replace('postgres@', 'app@'));
    await service.tenant.graphql(document());
    const pg = await import('pg');
    const hogs: InstanceType<typeof pg.default.Client>[] = [];
    for (;;) {
      const hog = new pg.default.Client({ connectionString: small.url });
      hog.on('error', () => {});
      const taken = await hog.connect().then(
        () => true,
        () => false,
      );
      if (!taken) break;
      hogs.push(hog);
    }
    const answers = await Promise.all(Array.from({ length: 30 }, () => service.tenant.graphql(document())));
    expect(new Set(answers.map(outcome))).toEqual(new Set(['ok']));
    for (const hog of hogs) await hog.end();
    await service.close();
    await small.close();
  });

  describe.skipIf(pgbouncer === null)(
    `behind PgBouncer${name(pgbouncer === null ? 'it is not installed' : null)}`,
    () => {
      test('in session mode, works with nothing ignored', async () => {
        await server.sql('create database pooled');
        const bouncer = await startPgBouncer(server, { pool_mode: 'session', default_pool_size: '30' });
        const service = await start(`postgresql://postgres@127.0.0.1:${bouncer.port}/pooled`);
        const answers = await Promise.all(Array.from({ length: 20 }, () => service.tenant.graphql(document())));
        expect(new Set(answers.map(outcome))).toEqual(new Set(['ok']));
        const [row] = (await service.app.database.connection.query(
          prepared(`select current_setting('TimeZone') || current_setting('lock_timeout') as zone`),
          [],
        )) as { zone: string }[];
        expect(row?.zone).toBe('UTC3s');
        await service.close();
        await bouncer.close();
        expect(await server.sql(`select 1 from pg_locks where locktype = 'advisory'`)).toEqual([]);
      });

      test.each(['transaction', 'statement'])('in %s mode, is refused in words', async (mode) => {
        const bouncer = await startPgBouncer(server, { pool_mode: mode });
        expect(await faultOf(`postgresql://postgres@127.0.0.1:${bouncer.port}/postgres`)).toMatchObject({
          kind: 'configuration',
          message: expect.stringMatching(/pool_mode = session/),
        });
        await bouncer.close();
        expect(await server.sql(`select 1 from pg_locks where locktype = 'advisory'`)).toEqual([]);
      });
    },
  );
});
