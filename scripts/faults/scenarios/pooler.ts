/** PgBouncer between the service and PostgreSQL. */
import { pgbouncer, startPgBouncer } from '../../../test/faults/postgres-server.ts';
import { type Mode, startProxy } from '../../../test/faults/proxy.ts';
import { demand, type Scenario, third } from '../scenario.ts';
import { sleep } from '../world.ts';

const bouncing = (mode: string) => ({ pool_mode: mode, default_pool_size: '60' });
const lacks = pgbouncer ? null : 'PgBouncer';

export const poolerFaults: Scenario[] = [
  {
    name: 'F: PgBouncer in session mode, with silent sockets',
    lacks,
    async run(stage) {
      const bouncer = await startPgBouncer(stage.world.postgres, bouncing('session'));
      const proxy = await startProxy({ target: { host: '127.0.0.1', port: bouncer.port } });
      try {
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
      } finally {
        void proxy.close();
        await bouncer.close();
      }
    },
  },
  {
    name: 'F: PgBouncer in transaction mode is refused in words',
    lacks,
    async run(stage) {
      const bouncer = await startPgBouncer(stage.world.postgres, bouncing('transaction'));
      const databaseUrl = `postgresql://postgres@127.0.0.1:${bouncer.port}/postgres`;
      const replica = await stage.world.start({}, { wait: false, databaseUrl });
      try {
        demand(
          (await Promise.race([replica.exited, sleep(30_000)])) === 1 && /pool_mode = session/.test(replica.output()),
          `not in words: ${replica.output().slice(-500)}`,
        );
      } finally {
        replica.child.kill('SIGKILL');
        await bouncer.close();
      }
      const locks = await stage.world.postgres.sql(`select 1 from pg_locks where locktype = 'advisory'`);
      demand(locks.length === 0, 'a lock was left behind');
    },
  },
];
