import { pino } from 'pino';
import { expect, test } from 'vitest';
import { startSweeps } from '../../src/composition/sweeps.ts';
import type { Database } from '../../src/database/database.ts';
import { newId } from '../../src/database/ids.ts';
import { sweepDataFiles } from '../../src/transfer/files.ts';
import type { TestTenant } from '../app.ts';
import { until } from '../events/trigger.ts';
import { useAppAlone } from '../use-app.ts';

const service = useAppAlone();

/** Stores a tenant's files of data that expired so many minutes ago, as far as the database knows. */
async function expired(tenant: TestTenant, minutes: readonly number[]): Promise<string[]> {
  const files = minutes.map((ago) => {
    const id = newId();
    const expiresAt = new Date(Date.now() - ago * 60_000);
    return { tenantId: tenant.id, id, path: `data/${id}`, name: 'file', contentType: 'text/csv', expiresAt };
  });
  await service.app.database.prisma.dataFile.createMany({ data: files });
  return files.map(({ id }) => id);
}
const left = async () => (await service.app.database.prisma.dataFile.findMany()).map(({ id }) => id);

/** The sweeps, often, on a database whose reads of a table are done by `read`; and what they log. */
function sweeping(table: string, read: <Row>(ask: () => Promise<Row[]>) => Promise<Row[]>) {
  const { database } = service.app;
  const query = ((...asked: Parameters<Database['query']>) => {
    const ask = () => database.query(...asked);
    return JSON.stringify(asked[0]).includes(` from ${table} `) ? read(ask) : ask();
  }) as Database['query'];
  const logged: string[] = [];
  const around = new Proxy(database, {
    get: (target, name) =>
      name === 'query' ? query : name === 'as' ? () => ({ query }) : Reflect.get(target, name, target),
  });
  const resources = { database: around, storage: { delete: async () => {} } as never };
  const log = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
  return { stop: startSweeps({ historyRetentionDays: 0 }, resources, log, 10), logged };
}

test('a sweep that fails keeps no other from its work', async () => {
  await expired(service.tenant, [1]);
  const { stop, logged } = sweeping('webhook_delivery', () => Promise.reject(new Error('out of turn')));
  await until(async () => (await left()).length === 0 && logged.length > 1);
  await stop();
  expect(logged[0]).toContain('the sweep of deliveries failed');
  expect(logged[0]).toContain('out of turn');
});

test('a sweep never runs twice at once, and a stop waits for it', async () => {
  let running = 0;
  let max = 0;
  let goOn = () => {};
  const paused = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const { stop } = sweeping('idempotency_key', async (ask) => {
    running += 1;
    max = Math.max(max, running);
    await paused;
    running -= 1;
    return ask();
  });
  await until(() => running === 1);
  await new Promise((resolve) => setTimeout(resolve, 50));
  let isStopped = false;
  const stopping = stop().then(() => {
    isStopped = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isStopped).toBe(false);
  goOn();
  await stopping;
  expect([running, max]).toEqual([0, 1]);
});

test('files that cannot be deleted are passed over, however many they are', async () => {
  const other = await service.createTenant();
  const stuck = await expired(
    service.tenant,
    Array.from({ length: 101 }, (_, n) => 200 - n),
  );
  await expired(other, [1]);
  const told: string[] = [];
  const storage = {
    delete: async (path: string) => {
      if (stuck.includes(path.slice('data/'.length))) throw new Error('access denied');
    },
  };
  await sweepDataFiles(service.app.database, storage, (_, id) => told.push(id));
  expect(told).toEqual(stuck);
  expect((await left()).sort()).toEqual([...stuck].sort());
});
