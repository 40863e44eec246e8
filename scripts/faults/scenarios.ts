/** The faults, each by a name: what is broken, and mended again. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import pg from 'pg';
import { pgbouncer, startPgBouncer } from '../../test/faults/postgres-server.ts';
import type { Mode } from '../../test/faults/proxy.ts';
import { startRedis } from '../../test/faults/redis-server.ts';
import type { Ledger } from './ledger.ts';
import { type Replica, sleep, type World } from './world.ts';

export type Stage = { world: World; ledger: Ledger; random: () => number };
/** Breaks and mends; what it throws is what does not hold. */
export type Scenario = {
  name: string;
  run(stage: Stage): Promise<void>;
  /** Whether clients may lose connections: a replica is ended. */
  ends?: boolean;
  /** Whether it can take part in a random schedule, with others at the same time. */
  random?: boolean;
};

export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
const all = ({ world }: Stage, mode: Mode, options = {}) =>
  Promise.all(world.replicas.map(({ database }) => database.mode(mode, options)));
const allRedis = ({ world }: Stage, mode: Mode) => Promise.all(world.replicas.map(({ redis }) => redis.mode(mode)));

async function beside<Result>({ world }: Stage, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = new pg.Client({ connectionString: world.postgres.url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end().catch(() => {});
  }
}
const terminate = `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;
const holding = (stage: Stage, sql: string, meanwhile: () => Promise<void>) =>
  beside(stage, async (client) => {
    await client.query(`begin; ${sql}`);
    await meanwhile();
    await client.query('rollback');
  });

const everyMode: Mode[] = ['cut', 'fin', 'refuse', 'silent', 'slow', 'requests-only', 'answers-only'];
const network = everyMode.map(
  (mode): Scenario => ({
    name: `network ${mode}`,
    random: true,
    async run(stage) {
      await all(stage, mode, { delayMs: 300 });
      await sleep(6_000);
      for (const { ready } of stage.world.replicas) demand((await ready()).tookMs < 2_500, 'readiness took over 2.5 s');
      await all(stage, 'pass');
    },
  }),
);

const tables = ['conversation_member', 'participant', 'external_user', 'conversation', 'channel'];
const inState = (['cut', 'fin', 'silent', 'requests-only', 'answers-only'] as Mode[]).map(
  (mode): Scenario => ({
    name: `${mode} of connections that wait for a lock`,
    random: true,
    async run(stage) {
      for (const table of tables)
        await holding(stage, `lock table ${table} in access exclusive mode`, async () => {
          await sleep(400);
          for (const { database } of stage.world.replicas) for (const each of database.connections) each.mode(mode);
          await sleep(mode === 'cut' || mode === 'fin' ? 200 : 4_000);
        });
      for (const { database } of stage.world.replicas) for (const each of database.connections) each.mode(null);
    },
  }),
);

/** Starts a replica beside the two, has it do something, and stops it. */
async function third(
  { world }: Stage,
  work: (replica: Replica) => Promise<void>,
  environment = {},
  options = {},
): Promise<void> {
  const replica = await world.start(environment, options);
  try {
    await work(replica);
    const { code, tookMs } = await replica.stop();
    demand(code === 0, `SIGTERM gave exit code ${code}: ${replica.output().slice(-1_500)}`);
    demand(tookMs < 20_000, `SIGTERM took ${Math.round(tookMs)} ms`);
  } finally {
    await replica.end();
  }
}

const raw = (replica: Replica, text: string) =>
  new Promise<ReturnType<typeof connect>>((resolve) => {
    const socket = connect(Number(new URL(replica.url).port), '127.0.0.1', () => {
      socket.write(text);
      resolve(socket);
    });
    socket.on('error', () => {});
  });

const [faketime] = existsSync('/usr/lib')
  ? readdirSync('/usr/lib')
      .map((folder) => `/usr/lib/${folder}/faketime/libfaketime.so.1`)
      .filter((file) => existsSync(file))
  : [];

const bouncing = (mode: string, settings = {}) =>
  pgbouncer && { pool_mode: mode, default_pool_size: '60', ...settings };

export const scenarios: Scenario[] = [
  {
    name: 'A: backends terminated ten times',
    random: true,
    async run(stage) {
      for (let time = 0; time < 10; time++) {
        await beside(stage, (client) => client.query(terminate));
        await sleep(400);
      }
    },
  },
  {
    name: 'A: kill -9 of a backend, three times',
    random: true,
    async run(stage) {
      for (let time = 0; time < 3; time++) {
        const rows = await stage.world.postgres.sql(
          `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1`,
        );
        if (rows[0]) process.kill(rows[0]['pid'] as number, 'SIGKILL');
        await sleep(1_500);
      }
    },
  },
  ...network,
  ...inState,
  {
    name: 'D: one conversation locked; others go on',
    random: true,
    async run(stage) {
      const { ledger, world } = stage;
      await holding(stage, `select from conversation where id = '${ledger.conversationId}' for update`, async () => {
        const [replica] = world.replicas as [Replica];
        const held = Array.from({ length: 40 }, (_, n) =>
          replica.graphql(
            `mutation { ensureConversationParticipant(input: { conversationId: "${ledger.conversationId}", participant: { flow: { id: "held ${n}" } } }) { created } }`,
          ),
        );
        await sleep(500);
        const times = await Promise.all(
          Array.from({ length: 10 }, () =>
            replica.graphql(
              'mutation { createParticipant(input: { kind: PERSON, displayName: "beside" }) { participant { id } } }',
            ),
          ),
        ).then((replies) => replies.map(({ tookMs }) => tookMs));
        await world.postgres.sql(`delete from participant where display_name = 'beside'`);
        demand(Math.max(...times) < 1_500, `beside a locked row a create took ${Math.round(Math.max(...times))} ms`);
        demand((await replica.ready()).ready, 'not ready');
        const told = await Promise.all(held);
        demand(
          told.every(({ code }) => code !== 'ok' && code !== 'INTERNAL'),
          `held: ${told.map(({ code }) => code)}`,
        );
        demand(Math.max(...told.map(({ tookMs }) => tookMs)) < 7_000, 'a waiter was told after more than 7 s');
      });
    },
  },
  {
    name: 'D: one participant locked; others go on',
    random: true,
    async run(stage) {
      const { ledger, world } = stage;
      const person = ledger.people[0];
      if (!person) return;
      await holding(stage, `select from participant where id = '${person.id}' for update`, async () => {
        const [replica] = world.replicas as [Replica];
        const held = Array.from({ length: 40 }, () =>
          replica.graphql(
            `mutation { enableParticipant(input: { participantId: "${person.id}" }) { participant { id } } }`,
          ),
        );
        await sleep(500);
        const replies = await Promise.all(
          Array.from({ length: 10 }, () =>
            replica.graphql(
              'mutation { createParticipant(input: { kind: PERSON, displayName: "beside" }) { participant { id } } }',
            ),
          ),
        );
        await world.postgres.sql(`delete from participant where display_name = 'beside'`);
        const slowest = Math.max(...replies.map(({ tookMs }) => tookMs));
        demand(slowest < 1_500, `beside a locked participant a create took ${Math.round(slowest)} ms`);
        const told = await Promise.all(held);
        demand(
          told.every(({ code }) => code === 'UNAVAILABLE'),
          `held: ${told.map(({ code }) => code)}`,
        );
      });
    },
  },
  {
    name: 'the server stops and starts',
    random: true,
    async run({ world: { postgres } }) {
      await postgres.stop();
      await sleep(4_000);
      await postgres.start();
    },
  },
  {
    name: 'the server stops at once (immediate) and starts',
    random: true,
    async run({ world: { postgres } }) {
      await postgres.stop('SIGQUIT');
      await postgres.start();
    },
  },
  {
    name: 'no connection left on the server',
    random: true,
    async run({ world }) {
      const hogs: pg.Client[] = [];
      for (let n = 0; n < 120; n++) {
        const hog = new pg.Client({ connectionString: world.postgres.url });
        hog.on('error', () => {});
        const had = await hog.connect().then(
          () => true,
          () => false,
        );
        if (!had) break;
        hogs.push(hog);
      }
      await sleep(4_000);
      for (const hog of hogs) hog.connection.stream.destroy();
      await sleep(500);
    },
  },
  {
    name: 'K: the database is read-only for a while',
    random: true,
    async run({ world: { postgres } }) {
      await postgres.sql('alter system set default_transaction_read_only = on');
      await postgres.sql('select pg_reload_conf()');
      await sleep(4_000);
      await postgres.sql('alter system reset default_transaction_read_only');
      await postgres.sql('select pg_reload_conf()');
    },
  },
  {
    name: 'K: the disk is full (53100 from writes)',
    random: true,
    async run({ world: { postgres } }) {
      await postgres.sql(`create or replace function full_disk() returns trigger language plpgsql as
        $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`);
      const of = ['participant', 'conversation_member', 'external_user', 'webhook_delivery', 'avatar_sync_job'];
      for (const table of of)
        await postgres.sql(
          `create trigger full_disk before insert or update on ${table} for each statement execute function full_disk()`,
        );
      await sleep(4_000);
      for (const table of of) await postgres.sql(`drop trigger full_disk on ${table}`);
    },
  },
  {
    name: 'a table locked for 8 s',
    random: true,
    run: (stage) => holding(stage, 'lock table participant in access exclusive mode', () => sleep(8_000)),
  },
  {
    name: 'H: Redis is killed and comes back',
    random: true,
    async run({ world }) {
      const { port } = world.redis;
      process.kill(world.redis.pid, 'SIGKILL');
      await sleep(3_000);
      for (const { ready } of world.replicas) {
        const { status, degraded } = await ready();
        demand(status === 200 || status === 503, 'readiness does not answer');
        if (status === 200) demand(degraded.includes('events'), 'an outage of Redis is not said');
      }
      world.redis = await startRedis(port);
    },
  },
  {
    name: 'G: Redis hangs (SIGSTOP)',
    random: true,
    async run({ world }) {
      process.kill(world.redis.pid, 'SIGSTOP');
      await sleep(5_000);
      process.kill(world.redis.pid, 'SIGCONT');
    },
  },
  {
    name: 'Redis is flushed, and has no client left to give',
    async run({ world }) {
      const command = (...words: string[]) => execFileSync('redis-cli', ['-p', String(world.redis.port), ...words]);
      command('flushall');
      command('config', 'set', 'maxclients', '1');
      command('client', 'kill', 'type', 'normal');
      command('client', 'kill', 'type', 'pubsub');
      await sleep(3_000);
      // Of the one client that is let in, it cannot be said who it is.
      for (let time = 0; time < 100; time++) {
        const { stdout } = spawnSync('redis-cli', [
          '-p',
          String(world.redis.port),
          'config',
          'set',
          'maxclients',
          '10000',
        ]);
        if (String(stdout).startsWith('OK')) return;
        await sleep(50);
      }
      process.kill(world.redis.pid, 'SIGKILL');
      world.redis = await startRedis(world.redis.port);
    },
  },
  {
    name: 'PostgreSQL and Redis silent at the same time',
    async run(stage) {
      await Promise.all([all(stage, 'silent'), allRedis(stage, 'silent')]);
      await sleep(8_000);
      await Promise.all([all(stage, 'pass'), allRedis(stage, 'pass')]);
    },
  },
  {
    name: 'PostgreSQL and Redis refused at the same time',
    async run(stage) {
      await Promise.all([all(stage, 'refuse'), allRedis(stage, 'refuse')]);
      await sleep(5_000);
      await Promise.all([all(stage, 'pass'), allRedis(stage, 'pass')]);
    },
  },
  {
    name: 'a replica stands still (SIGSTOP) for 12 s',
    // Its connections without a request have timed out when it goes on.
    ends: true,
    async run({ world }) {
      const [{ child }] = world.replicas as [Replica];
      child.kill('SIGSTOP');
      await sleep(12_000);
      child.kill('SIGCONT');
    },
  },
  {
    name: 'a replica is killed and another takes its place',
    ends: true,
    async run({ world }) {
      await world.replicas[0]?.end();
      world.replicas[0] = await world.start();
    },
  },
  {
    name: 'B: PROCESSES=2, a process is killed while PostgreSQL is away',
    run: (stage) =>
      third(
        stage,
        async (replica) => {
          await replica.database.mode('refuse');
          const pids = execFileSync('pgrep', ['-P', String(replica.child.pid)], { encoding: 'utf8' })
            .trim()
            .split('\n');
          process.kill(Number(pids[0]), 'SIGKILL');
          await sleep(8_000);
          demand(replica.child.exitCode === null, 'the first process ended');
          await replica.database.mode('pass');
          demand(await replica.readyWithin(15_000), 'it does not become ready');
          for (let time = 0; time < 10; time++)
            demand((await replica.graphql('{ viewer { kind } }')).code === 'ok', 'it does not answer');
        },
        { PROCESSES: '2' },
      ),
  },
  {
    name: 'E: starts with everything away',
    async run(stage) {
      const replica = await stage.world.start({}, { wait: false });
      try {
        await replica.database.mode('refuse');
        await replica.redis.mode('silent');
        await sleep(8_000);
        demand((await fetch(`${replica.url}/healthz`)).status === 200, 'no health');
        demand((await replica.ready()).status === 503, 'ready');
        demand((await replica.graphql('{ viewer { kind } }')).code === 'UNAVAILABLE', 'no UNAVAILABLE');
        await replica.database.mode('pass');
        demand(await replica.readyWithin(15_000), `it does not start: ${replica.output().slice(-1_000)}`);
      } finally {
        await replica.end();
      }
    },
  },
  {
    name: 'E: starts while its database breaks at every step',
    async run(stage) {
      const replica = await stage.world.start({}, { wait: false });
      try {
        for (let time = 0; time < 40 && replica.child.exitCode === null; time++) {
          await sleep(60 + stage.random() * 120);
          await replica.database.mode('cut');
          await replica.database.mode('pass');
        }
        demand(await replica.readyWithin(15_000), `it does not start: ${replica.output().slice(-2_000)}`);
      } finally {
        await replica.end();
      }
    },
  },
  {
    name: 'E: the password is wrong, then right',
    async run(stage) {
      const { postgres } = stage.world;
      const [row] = await postgres.sql(`select current_setting('hba_file') as file`);
      await postgres.sql(`drop role if exists app; create role app login superuser password 'other'`);
      const hba = row?.['file'] as string;
      const others = readFileSync(hba, 'utf8');
      writeFileSync(hba, `host all app 127.0.0.1/32 scram-sha-256\n${others}`);
      await postgres.sql('select pg_reload_conf()');
      await sleep(500);
      const replica = await stage.world.start(
        {},
        { wait: false, databaseUrl: `postgresql://app:right@127.0.0.1:${postgres.port}/postgres` },
      );
      try {
        await sleep(4_000);
        demand(/password is wrong/.test(replica.output()), 'it does not say that the password is wrong');
        await postgres.sql(`alter role app password 'right'`);
        demand(await replica.readyWithin(12_000), 'it does not start with the right password');
      } finally {
        await replica.end();
      }
    },
  },
  {
    name: 'E: the migration lock is held for 12 s, on a new database',
    async run(stage) {
      const { postgres } = stage.world;
      await postgres.sql('drop database if exists fresh with (force)');
      await postgres.sql('create database fresh');
      const client = new pg.Client({ connectionString: postgres.url.replace(/\/postgres$/, '/fresh') });
      await client.connect();
      await client.query(`select pg_advisory_lock(hashtext('rollcall'))`);
      const replica = await stage.world.start(
        {},
        { wait: false, databaseUrl: postgres.url.replace(/\/postgres$/, '/fresh') },
      );
      try {
        await sleep(12_000);
        demand((await replica.ready()).status === 503, 'it does not say that it starts');
        demand(/another process/.test(replica.output()), 'it does not say what it waits for');
        await client.end();
        demand(await replica.readyWithin(25_000), `it does not start: ${replica.output().slice(-2_000)}`);
      } finally {
        await replica.end();
      }
    },
  },
  {
    name: 'E: a newer version has migrated the database',
    async run(stage) {
      const { postgres } = stage.world;
      await postgres.sql('drop database if exists newer with (force)');
      await postgres.sql('create database newer');
      const databaseUrl = postgres.url.replace(/\/postgres$/, '/newer');
      await third(stage, async () => {}, {}, { databaseUrl });
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      await client.query(
        `insert into "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count) values ('x', 'x', '29990101000000_later', now(), 1)`,
      );
      await client.end();
      const replica = await stage.world.start({}, { wait: false, databaseUrl });
      demand((await replica.exited) === 1, 'it does not end with 1');
      demand(/newer version/.test(replica.output()), 'it does not say why');
    },
  },
  {
    name: 'F: PgBouncer in session mode, with silent sockets',
    async run(stage) {
      const settings = bouncing('session');
      if (!settings) return;
      const bouncer = await startPgBouncer(stage.world.postgres, settings);
      const { startProxy } = await import('../../test/faults/proxy.ts');
      const proxy = await startProxy({ target: { host: '127.0.0.1', port: bouncer.port } });
      await third(
        stage,
        async (replica) => {
          const read = () => replica.graphql('{ participants { id } }');
          await Promise.all(Array.from({ length: 20 }, read));
          for (const mode of ['silent', 'answers-only', 'cut'] as Mode[]) {
            await proxy.mode(mode);
            await Promise.all(Array.from({ length: 10 }, read));
            await sleep(3_000);
            await proxy.mode('pass');
            demand(await replica.readyWithin(10_000), 'it is not ready again');
            demand((await read()).code === 'ok', 'it does not read again');
          }
        },
        {},
        { databaseUrl: `postgresql://postgres@127.0.0.1:${proxy.port}/postgres` },
      );
      void proxy.close();
      await bouncer.close();
    },
  },
  {
    name: 'F: PgBouncer in transaction mode is refused in words',
    async run(stage) {
      const settings = bouncing('transaction');
      if (!settings) return;
      const bouncer = await startPgBouncer(stage.world.postgres, settings);
      const replica = await stage.world.start(
        {},
        { wait: false, databaseUrl: `postgresql://postgres@127.0.0.1:${bouncer.port}/postgres` },
      );
      demand(
        (await replica.exited) === 1 && /pool_mode = session/.test(replica.output()),
        `not in words: ${replica.output().slice(-500)}`,
      );
      await bouncer.close();
      const locks = await stage.world.postgres.sql(`select 1 from pg_locks where locktype = 'advisory'`);
      demand(locks.length === 0, 'a lock was left behind');
    },
  },
  {
    name: 'G: RATE_LIMIT while Redis hangs',
    run: (stage) =>
      third(
        stage,
        async (replica) => {
          await replica.redis.mode('silent');
          const replies = await Promise.all(Array.from({ length: 20 }, () => replica.graphql('{ viewer { kind } }')));
          demand(
            replies.every(({ code }) => code === 'ok'),
            'requests fail',
          );
          demand(Math.max(...replies.map(({ tookMs }) => tookMs)) < 1_500, 'requests hang');
        },
        { RATE_LIMIT: '1000' },
      ),
  },
  {
    name: 'I: a provider is away for 20 s',
    async run({ world, ledger }) {
      world.slack.apiTrouble = { status: 503 } as never;
      await sleep(20_000);
      world.slack.apiTrouble = null;
      demand(ledger.pictured.size >= 0, '');
    },
  },
  {
    name: 'K: the storage is no folder any more',
    random: true,
    async run({ world }) {
      if (existsSync(world.storage)) renameSync(world.storage, `${world.storage}-away`);
      writeFileSync(world.storage, '');
      await sleep(5_000);
      rmSync(world.storage);
      if (existsSync(`${world.storage}-away`)) renameSync(`${world.storage}-away`, world.storage);
      else mkdirSync(world.storage);
    },
  },
  {
    name: 'P: a replica whose clock is an hour behind',
    async run(stage) {
      if (faketime === undefined) return;
      await third(
        stage,
        async (replica) => {
          const { data, code } = await replica.graphql(
            'mutation { createParticipant(input: { kind: PERSON, displayName: "P clock" }) { participant { id createdAt } } }',
          );
          demand(code === 'ok', `it answers ${code}`);
          // biome-ignore lint/suspicious/noExplicitAny: answers of untyped documents
          const { id, createdAt } = (data as any).createParticipant.participant;
          demand(Math.abs(Date.parse(createdAt) - Date.now()) < 5_000, `createdAt is ${createdAt}`);
          const changed = await replica.graphql(
            `mutation { disableParticipant(input: { participantId: "${id}" }) { participant { disabledAt modifiedAt } } }`,
          );
          // biome-ignore lint/suspicious/noExplicitAny: answers of untyped documents
          const { disabledAt } = (changed.data as any).disableParticipant.participant;
          demand(Math.abs(Date.parse(disabledAt) - Date.now()) < 5_000, `disabledAt is ${disabledAt}`);
        },
        {},
        { through: ['env', `LD_PRELOAD=${faketime}`, 'FAKETIME=-1h', 'DONT_FAKE_MONOTONIC=1'] },
      );
    },
  },
  ...(['refuse', 'silent', 'requests-only', 'answers-only', 'pass'] as Mode[]).map(
    (mode): Scenario => ({
      name: `N: SIGTERM with half a body, silent sockets, an open stream and work under way, network ${mode}`,
      run: (stage) =>
        third(stage, async (replica) => {
          const { token } = stage.world;
          const head = `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\n`;
          const sockets = [
            await raw(replica, `${head}content-length: 500\r\n\r\n{"query":`),
            await raw(replica, ''),
            await raw(replica, 'GET /healthz HTTP/1.1\r\nhost'),
            await raw(
              replica,
              `GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
            ),
          ];
          const query = JSON.stringify({ query: 'subscription { participantAvatarSynced { outcome } }' });
          sockets.push(
            await raw(replica, `${head}accept: text/event-stream\r\ncontent-length: ${query.length}\r\n\r\n${query}`),
          );
          await Promise.all(Array.from({ length: 10 }, () => replica.graphql('{ participants { id } }')));
          await replica.database.mode(mode);
          for (let n = 0; n < 20; n++) {
            void replica.graphql('{ participants { id } }');
            void replica.graphql(
              `mutation { createParticipant(input: { kind: PERSON, displayName: "stopping ${Math.random()}" }) { participant { id } } }`,
            );
          }
          await sleep(200);
          setTimeout(() => {
            for (const socket of sockets) socket.destroy();
          }, 24_000).unref();
        }),
    }),
  ),
  {
    name: 'L: thirty large lists at once; others go on',
    async run(stage) {
      const { world } = stage;
      await world.postgres.sql(
        `insert into tenant (id, name) values ('${world.tenantId}', 'x') on conflict do nothing;
         insert into participant (tenant_id, id, kind, display_name) select '${world.tenantId}', gen_random_uuid(), 'PERSON', 'many ' || n from generate_series(1, 10000) n`,
      );
      const [replica] = world.replicas as [Replica];
      const lists = Array.from({ length: 30 }, () =>
        replica.graphql('{ participants { id displayName channels { id } agentIds } }'),
      );
      await sleep(300);
      const waits: number[] = [];
      for (let n = 0; n < 20; n++) waits.push((await replica.graphql('{ agents { id } }')).tookMs);
      const codes = (await Promise.all(lists)).map(({ code }) => code);
      await world.postgres.sql(`delete from participant where display_name like 'many %'`);
      demand(
        codes.every((code) => ['ok', 'UNAVAILABLE', 'RATE_LIMITED', 'RESULT_TOO_LARGE'].includes(code)),
        `codes: ${[...new Set(codes)]}`,
      );
      demand(Math.max(...waits) < 4_000, `a small read took ${Math.round(Math.max(...waits))} ms`);
    },
  },
];
