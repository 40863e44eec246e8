/** A standby is promoted under load while the old server lives on, read-only. */
import { startProxy } from '../../test/faults/proxy.ts';
import { demand, type Scenario, type Stage } from './scenario.ts';
import { type Replica, sleep } from './world.ts';

/**
 * Writes and reads through two replicas of their own on servers of their own: by a list of hosts, and by an address
 * that is moved.
 */
async function failover({ world }: Stage, silentOld = false): Promise<void> {
  const { startServer } = await import('../../test/faults/postgres-server.ts');
  const primary = await startServer();
  const standby = await primary.standby();
  const old = await startProxy({ target: { host: '127.0.0.1', port: primary.port } });
  const moved = await startProxy({ target: { host: '127.0.0.1', port: primary.port } });
  const hosts = await world.start(
    {},
    {
      databaseUrl: `postgresql://postgres@127.0.0.1:${old.port},127.0.0.1:${standby.port}/postgres?target_session_attrs=read-write`,
    },
  );
  const address = await world.start({}, { databaseUrl: `postgresql://postgres@127.0.0.1:${moved.port}/postgres` });
  const replicas = [hosts, address];
  await primary.sql(`insert into tenant (id, name) values ('${world.tenantId}', 'failover') on conflict do nothing`);

  const wrong: string[] = [];
  const acknowledged: string[] = [];
  let going = true;
  let serial = 0;
  let promotedAt = Number.POSITIVE_INFINITY;
  async function drive(replica: Replica, other: Replica): Promise<void> {
    while (going) {
      const { code, data } = await replica.graphql(
        `mutation { createParticipant(input: { kind: PERSON, displayName: "failover ${serial++}" }) { participant { id } } }`,
      );
      if (code === 'ok') {
        // biome-ignore lint/suspicious/noExplicitAny: answers of untyped documents
        const { id } = (data as any).createParticipant.participant;
        acknowledged.push(id);
        for (const each of [replica, other]) {
          const found = await each.graphql(`{ participant(id: "${id}") { id } }`);
          // Documented: until it notices, at most five seconds, a replica may read from the old server.
          const may = each === other && performance.now() - promotedAt < 8_000;
          if (found.code !== 'ok' && found.code !== 'UNAVAILABLE' && !may)
            wrong.push(`${found.code} for a participant that is there`);
          if (found.code === 'ok' && found.data?.['participant'] === null && !may)
            wrong.push('a participant is not found');
        }
      } else if (code !== 'UNAVAILABLE') wrong.push(code);
      else await sleep(30);
    }
  }
  const drivers = [0, 1, 2, 3].map((n) => drive(replicas[n % 2] as Replica, replicas[(n + 1) % 2] as Replica));
  await sleep(2_000);
  // In good order: nothing is written to the old server any more, and the standby has all.
  await primary.sql('alter system set default_transaction_read_only = on');
  await primary.sql('select pg_reload_conf()');
  await sleep(1_000);
  if (silentOld) await old.mode('silent');
  standby.promote();
  promotedAt = performance.now();
  moved.retarget({ host: '127.0.0.1', port: standby.port });
  await sleep(2_000);
  const back = await Promise.all(replicas.map((replica) => replica.readyWithin(15_000)));
  const before = acknowledged.length;
  await sleep(4_000);
  going = false;
  await Promise.all(drivers);
  try {
    demand(back.every(Boolean), 'a replica is not ready again');
    demand(acknowledged.length > before, 'nothing is written after the promotion');
    const rows = await standby.sql('select id::text as id from participant');
    const stored = new Set(rows.map(({ id }) => id as string));
    const lost = acknowledged.filter((id) => !stored.has(id)).length;
    demand(lost === 0, `${lost} acknowledged participants are lost`);
    demand(wrong.length === 0, [...new Set(wrong)].join(', '));
    for (const { child } of replicas) demand(child.exitCode === null, 'a replica died');
  } finally {
    for (const replica of replicas) await replica.end();
    await Promise.all([moved.close(), old.close()]);
    await standby.close();
    await primary.close();
  }
}

export const failoverFaults: Scenario[] = [
  { name: 'J: a standby is promoted, the old server lives on read-only', run: (stage) => failover(stage) },
  { name: 'J: a standby is promoted, the old server falls silent', run: (stage) => failover(stage, true) },
];
