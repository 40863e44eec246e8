/** Faults of PostgreSQL and of the network before it. */
import pg from 'pg';
import type { Mode } from '../../../test/faults/proxy.ts';
import { all, beside, demand, holding, type Scenario, signal, sqlOf } from '../scenario.ts';
import { type Replica, sleep } from '../world.ts';

const terminate = `select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()`;

const everyMode: Mode[] = ['cut', 'fin', 'refuse', 'silent', 'slow', 'requests-only', 'answers-only'];
const network = everyMode.map(
  (mode): Scenario => ({
    name: `network ${mode}`,
    random: true,
    takes: 'network',
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
    takes: 'network',
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

export const databaseFaults: Scenario[] = [
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
        const rows = await sqlOf(
          stage,
          `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by random() limit 1`,
        );
        if (rows[0]) signal(rows[0]['pid'] as number, 'SIGKILL');
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
        await sqlOf(stage, `delete from participant where display_name = 'beside'`);
        // Beside another fault the lock may be lost, and everybody is slower.
        if (!stage.alone) return void (await Promise.all(held));
        demand(Math.max(...times) < 1_500, `beside a locked row a create took ${Math.round(Math.max(...times))} ms`);
        demand((await replica.ready()).ready, 'not ready');
        const told = await Promise.all(held);
        demand(
          told.every(({ code }) => code === 'UNAVAILABLE'),
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
        await sqlOf(stage, `delete from participant where display_name = 'beside'`);
        // Beside another fault the lock may be lost, and everybody is slower.
        if (!stage.alone) return void (await Promise.all(held));
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
    takes: 'server',
    async run({ world: { postgres } }) {
      await postgres.stop();
      await sleep(4_000);
      await postgres.start();
    },
  },
  {
    name: 'the server stops at once (immediate) and starts',
    random: true,
    takes: 'server',
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
    async run(stage) {
      await sqlOf(stage, 'alter system set default_transaction_read_only = on');
      await sqlOf(stage, 'select pg_reload_conf()');
      await sleep(4_000);
      await sqlOf(stage, 'alter system reset default_transaction_read_only');
      await sqlOf(stage, 'select pg_reload_conf()');
    },
  },
  {
    name: 'K: the disk is full (53100 from writes)',
    random: true,
    async run(stage) {
      await sqlOf(
        stage,
        `create or replace function full_disk() returns trigger language plpgsql as
        $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$`,
      );
      const of = ['participant', 'conversation_member', 'external_user', 'webhook_delivery', 'avatar_sync_job'];
      for (const table of of)
        await sqlOf(
          stage,
          `create or replace trigger full_disk before insert or update on ${table} for each statement execute function full_disk()`,
        );
      await sleep(4_000);
      for (const table of of) await sqlOf(stage, `drop trigger if exists full_disk on ${table}`);
    },
  },
  {
    name: 'a table locked for 8 s',
    random: true,
    run: (stage) => holding(stage, 'lock table participant in access exclusive mode', () => sleep(8_000)),
  },
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
