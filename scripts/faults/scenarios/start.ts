/** Starts while something is away or wrong. */
import { readFileSync, writeFileSync } from 'node:fs';
import pg from 'pg';
import { demand, type Scenario, third } from '../scenario.ts';
import { sleep } from '../world.ts';

export const startFaults: Scenario[] = [
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
];
