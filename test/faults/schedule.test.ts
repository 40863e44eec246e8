import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Answer, startApp, type TestApp } from '../app.ts';
import { createConversation } from '../conversations/factories.ts';
import { until } from '../events/trigger.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { type FaultProxy, type Mode, startProxy } from './proxy.ts';
import { numbers } from './random.ts';

const database = inject('database');
const minutes = Number(process.env['FAULT_MINUTES'] ?? 1);
const seed = Number(process.env['FAULT_SEED'] ?? Math.floor(Math.random() * 2 ** 32));

const modes: Mode[] = ['cut', 'fin', 'refuse', 'silent', 'slow', 'requests-only', 'answers-only'];
const codes = new Set(['ok', 'UNAVAILABLE', 'PARTICIPANT_STATE_CONFLICT']);
const outcome = ({ errors }: Answer<unknown>) => errors?.[0]?.extensions.code ?? 'ok';
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A test that is tried again finds what the first try has written. */
let tries = 0;

describe.skipIf(!('url' in database))(`${minutes} minutes of random faults, FAULT_SEED=${seed}`, () => {
  let own: Awaited<ReturnType<typeof createOwnDatabase>>;
  let beside: pg.Client;
  const replicas: { service: TestApp; proxy: FaultProxy; conversationId: string }[] = [];
  beforeAll(async () => {
    own = await createOwnDatabase(database);
    const url = new URL((own.place as { url: string }).url);
    beside = new pg.Client({ connectionString: url.href });
    await beside.connect();
    const target = { host: url.hostname, port: Number(url.port || 5432) };
    for (let replica = 0; replica < 2; replica++) {
      const proxy = await startProxy({ target });
      url.hostname = '127.0.0.1';
      url.port = String(proxy.port);
      const service = await startApp({ LOG_LEVEL: 'error' }, undefined, { database: { url: url.href } });
      replicas.push({ service, proxy, conversationId: await createConversation(service.tenant) });
    }
  });
  afterAll(async () => {
    for (const { service, proxy } of replicas) {
      await service.close();
      await proxy.close();
    }
    await beside?.end();
    await own?.drop();
  });

  test(
    'lose nothing that was acknowledged, double nothing, and pass',
    async () => {
      console.log(`FAULT_SEED=${seed}`);
      const random = numbers(seed);
      const end = Date.now() + minutes * 60_000;
      const others = new Set<string>();
      const counts = { ok: 0, UNAVAILABLE: 0 } as Record<string, number>;
      const people = new Set<string>();
      const flows = new Set<string>();
      let slowest = 0;
      let serial = 0;
      tries += 1;

      async function drive({ service, conversationId }: (typeof replicas)[number]): Promise<void> {
        while (Date.now() < end) {
          const name = `name ${tries} ${serial++}`;
          const isPerson = serial % 2 === 0;
          const began = performance.now();
          const answer = await service.tenant.graphql(
            isPerson
              ? `mutation { createParticipant(input: { kind: PERSON, displayName: "${name}" }) { participant { id } } }`
              : `mutation { ensureConversationParticipant(input: { conversationId: "${conversationId}", participant: { flow: { id: "${name}" } } }) { created } }`,
          );
          slowest = Math.max(slowest, performance.now() - began);
          const code = outcome(answer);
          counts[code] = (counts[code] ?? 0) + 1;
          if (!codes.has(code)) others.add(JSON.stringify(answer.errors));
          if (code === 'ok') (isPerson ? people : flows).add(name);
          else await sleep(20);
        }
      }

      async function disturb(): Promise<void> {
        while (Date.now() < end) {
          const { proxy } = replicas[Math.floor(random() * replicas.length)] as (typeof replicas)[number];
          const kind = random();
          const ms = 200 + random() * 3_800;
          if (kind < 0.6) {
            await proxy.mode(modes[Math.floor(random() * modes.length)] as Mode, { delayMs: 50 });
            await sleep(ms);
            await proxy.mode('pass');
          } else if (kind < 0.75) {
            await beside.query(
              'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
            );
          } else if (kind < 0.9) {
            for (const each of proxy.connections)
              if (random() < 0.5) each.mode(modes[Math.floor(random() * modes.length)] as Mode);
          } else {
            await beside.query('begin; lock table conversation_member in access exclusive mode');
            await sleep(ms);
            await beside.query('commit');
          }
          await sleep(random() * 1_500);
        }
        for (const { proxy } of replicas) await proxy.mode('pass');
      }

      await Promise.all([disturb(), ...replicas.flatMap((replica) => Array.from({ length: 8 }, () => drive(replica)))]);
      expect([...others]).toEqual([]);

      for (const { service } of replicas) {
        await until(async () => (await service.app.fetch(new Request('http://localhost/readyz'))).status === 200);
        await until(async () => outcome(await service.tenant.graphql('{ participants { id } }')) === 'ok');
      }
      const stored = async (sql: string) => {
        const { rows } = await beside.query<{ name: string; times: number }>(sql);
        return new Map(rows.map(({ name, times }) => [name, times]));
      };
      const storedPeople = await stored(
        'select display_name as name, count(*)::int as times from participant group by 1',
      );
      const storedFlows = await stored(
        `select participant_id as name, count(*)::int as times from conversation_member where type = 'FLOW' group by 1`,
      );
      expect([...people].filter((name) => storedPeople.get(name) !== 1)).toEqual([]);
      expect([...flows].filter((name) => storedFlows.get(name) !== 1)).toEqual([]);
      expect([...storedPeople, ...storedFlows].filter(([, times]) => times !== 1)).toEqual([]);
      expect(people.size + flows.size).toBeGreaterThan(0);
      console.log(JSON.stringify({ seed, minutes, ...counts, slowestMs: Math.round(slowest) }));
    },
    minutes * 60_000 + 120_000,
  );
});
