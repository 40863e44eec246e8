import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { until } from '../events/trigger.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { type FaultProxy, startProxy } from './proxy.ts';
import { freePort } from './redis-server.ts';
import { type Service, startService } from './service.ts';

const database = inject('database');

const lives = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

// Several processes need a server's database.
describe.skipIf(!('url' in database))('two processes behind one port', { timeout: 300_000 }, () => {
  let own: Awaited<ReturnType<typeof createOwnDatabase>>;
  let proxy: FaultProxy;
  let environment: Record<string, string>;
  let service: Service | undefined;
  beforeEach(async () => {
    own = await createOwnDatabase(database);
    const server = new URL((own.place as { url: string }).url);
    proxy = await startProxy({ target: { host: server.hostname, port: Number(server.port || 5_432) } });
    server.host = `127.0.0.1:${proxy.port}`;
    environment = {
      PROCESSES: '2',
      DATABASE_URL: server.href,
      DATABASE_POOL_SIZE: '2',
      // Away, which matters to none of this.
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
    };
  });
  afterEach(async () => {
    await service?.stop();
    await service?.end();
    void proxy.close();
    await own.drop();
  });

  const serving = () =>
    (service as Service)
      .lines()
      .filter(({ msg }) => /answers at/.test(msg))
      .map(({ pid }) => pid);
  const waiting = (pid: number) =>
    (service as Service).lines().filter((line) => line.pid === pid && line.msg === 'the start waits for the database');

  test('that start without PostgreSQL say so on the port, and serve when it is there', async () => {
    await proxy.mode('refuse');
    service = await startService(environment);
    expect(await service.healthz()).toBe(200);
    await until(async () => (await (service as Service).readyz()).parts['database'] === 'cannot be used');
    expect(await service.readyz()).toMatchObject({ status: 503, starting: true });
    await proxy.mode('pass');
    await service.up(2);
    expect(service.lines().filter(({ msg }) => /ended by itself/.test(msg))).toEqual([]);
    expect(await service.readyz()).toMatchObject({ status: 200, ready: true });
    expect(await service.stop()).toBe(0);
  });

  test('one that ends while PostgreSQL is away waits in its place; the other is let alone', async () => {
    service = await startService(environment);
    await service.up(2);
    const [first, second] = serving() as [number, number];
    await proxy.mode('refuse');
    process.kill(first, 'SIGKILL');
    // The new process tries again and again, and does not end.
    const isNew = ({ pid }: { pid: number }) => pid !== first && pid !== second && pid !== service?.child.pid;
    await until(() => service?.lines().some((line) => isNew(line) && waiting(line.pid).length >= 3) ?? false);
    expect(lives(second)).toBe(true);
    expect(service.child.exitCode).toBeNull();
    // It leaves the port to the one that serves: nobody is told that the service starts.
    for (let request = 0; request < 6; request++) {
      expect(await service.readyz()).not.toHaveProperty('starting');
      expect((await service.graphql('{ viewer { kind } }')).status).toBe(401);
    }
    await proxy.mode('pass');
    await service.up(3);
    expect(lives(second)).toBe(true);
    expect(service.lines().filter(({ msg }) => /ended by itself/.test(msg))).toHaveLength(1);
    expect(await service.stop()).toBe(0);
  });

  test('that end again and again soon after their start are started again after growing pauses; the other is let alone', async () => {
    service = await startService(environment);
    await service.up(2);
    const [first, second] = serving() as [number, number];
    process.kill(first, 'SIGKILL');
    const ends = () =>
      (service as Service).lines().filter(({ msg }) => /ended by itself/.test(msg)) as unknown as {
        restartInMs: number;
      }[];
    // Each is ended as soon as it says anything at all.
    for (let end = 2; end <= 4; end++) {
      await proxy.mode('refuse');
      const before = new Set(service.lines().map(({ pid }) => pid));
      const fresh = () => (service as Service).lines().find(({ pid }) => !before.has(pid))?.pid;
      await until(() => fresh() !== undefined);
      process.kill(fresh() as number, 'SIGKILL');
      await until(() => ends().length === end);
    }
    const pauses = ends().map(({ restartInMs }) => restartInMs);
    expect(pauses).toHaveLength(4);
    expect(pauses.every((pause, index) => index < 2 || pause >= (pauses[index - 1] as number))).toBe(true);
    expect(pauses.at(-1)).toBeGreaterThan(pauses[0] as number);
    expect(lives(second)).toBe(true);
    expect(service.child.exitCode).toBeNull();
    await proxy.mode('pass');
    await service.up(3);
    expect(lives(second)).toBe(true);
  });

  test('whose start an operator must mend end with the words, once, and 1', async () => {
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening));
    const address = taken.address() as AddressInfo;
    service = await startService({ ...environment, PORT: String(address.port) });
    expect(await service.exited).toBe(1);
    expect(service.output().match(/Rollcall cannot start:/g)).toHaveLength(1);
    expect(service.output()).toContain(`Port ${address.port} is in use`);
    await new Promise((closed) => taken.close(closed));
  });
});
