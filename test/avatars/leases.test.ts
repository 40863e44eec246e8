import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { type AvatarJob, avatarQueue } from '../../src/avatars/queue.ts';
import { newId } from '../../src/database/ids.ts';
import { nothing, rows } from '../../src/database/sql/columns.ts';
import { parameter } from '../../src/database/sql/fragment.ts';
import { globalStatement } from '../../src/database/sql/statement.ts';
import { uuid } from '../../src/database/sql/types.ts';
import type { JobQueue } from '../../src/jobs/worker.ts';
import { startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { claimed } from '../jobs/claimed.ts';
import { overtaken } from '../jobs/overtaken.ts';
import { createOwnDatabase } from '../setup/database.ts';

const hour = 3_600_000;
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
let service: TestApp;
let tenant: TestTenant;
let queue: JobQueue<AvatarJob>;
const workerId = newId();
beforeAll(async () => {
  own = await createOwnDatabase(inject('database'));
  service = await startApp({ AVATAR_WORKERS: '0' }, undefined, { database: own.place });
  queue = avatarQueue(service.app.database, hour);
});
beforeEach(async () => {
  await service.app.database.prisma.avatarSyncJob.deleteMany();
  tenant = await service.createTenant();
});
afterAll(async () => {
  await service.close();
  await own.drop();
});

const jobs = () => service.app.database.prisma.avatarSyncJob;
const job = async (id: string) => jobs().findFirstOrThrow({ where: { id } });

/** Queues that many jobs of one config. */
async function queued(count: number): Promise<void> {
  const integrationConfigId = await createConfig(tenant, 'slack');
  for (let n = 0; n < count; n += 1) {
    const participantId = await createParticipant(tenant, { channels: [] });
    const address = `U0${n}`;
    await jobs().create({
      data: { tenantId: tenant.id, id: newId(), participantId, integrationConfigId, address, kind: 'AUTOMATIC' },
    });
  }
}

/** Claims two jobs, and lets their leases run out. */
async function lapsed(): Promise<[AvatarJob, AvatarJob]> {
  await queued(2);
  const both = await claimed(queue, workerId, 2);
  expect(both).toHaveLength(2);
  await jobs().updateMany({ data: { leaseUntil: new Date(Date.now() - 1_000) } });
  return both as [AvatarJob, AvatarJob];
}

describe('a lease', () => {
  test('is not given of what another worker has leased since it was found due', async () => {
    await queued(2);
    const other = newId();
    const overtaking = overtaken(service.app.database, () => claimed(queue, other, 1));
    const [own, ...more] = await claimed(avatarQueue(overtaking, hour), workerId, 2);
    expect(more).toEqual([]);
    expect(await jobs().count({ where: { workerId: other, attempts: 1, id: { not: own?.id ?? '' } } })).toBe(1);
  });

  test('is not given of what was paused since it was found due', async () => {
    await queued(2);
    const { integrationConfigId } = await jobs().findFirstOrThrow();
    const pausing = overtaken(service.app.database, () =>
      service.app.database.prisma.avatarSyncPause.create({
        data: { tenantId: tenant.id, integrationConfigId, until: new Date(Date.now() + hour) },
      }),
    );
    expect(await claimed(avatarQueue(pausing, hour), workerId, 2)).toEqual([]);
    expect(await jobs().count({ where: { state: 'QUEUED', attempts: 0 } })).toBe(2);
  });

  test('is renewed for the jobs that are named; the others are lost', async () => {
    const [kept, lost] = await lapsed();
    await queue.renew(workerId, [kept]);
    await queue.renew(newId(), [lost]);
    await queue.reclaim();
    expect(await job(kept.id)).toMatchObject({ state: 'RUNNING', workerId });
    expect(await job(lost.id)).toMatchObject({ state: 'QUEUED', workerId: null, attempts: 1 });
  });

  test('that is released leaves the job due a little later, the attempt counted', async () => {
    const [released, other] = await lapsed();
    await queue.release(released, new Error('a try failed'));
    const { runAt, ...after } = await job(released.id);
    expect(after).toMatchObject({ state: 'QUEUED', workerId: null, leaseUntil: null, attempts: 1 });
    expect(runAt.getTime()).toBeGreaterThan(Date.now());
    expect(await job(other.id)).toMatchObject({ state: 'RUNNING' });
  });

  test('is not released by its former worker', async () => {
    const [before] = await lapsed();
    await queue.reclaim();
    await claimed(queue, workerId, 2);
    await queue.release(before, new Error('a try failed'));
    expect(await job(before.id)).toMatchObject({ state: 'RUNNING', attempts: 2 });
  });

  test('that is handed back does not count the attempt', async () => {
    const both = await lapsed();
    await queue.handBack(workerId);
    for (const { id } of both) expect(await job(id)).toMatchObject({ state: 'QUEUED', attempts: 0 });
  });
});

test('a claim takes at most four of one config, and of as many configs as there are', async () => {
  await queued(6);
  await queued(2);
  expect(await claimed(queue, workerId, 3)).toHaveLength(3);
  expect(await claimed(queue, workerId, 10)).toHaveLength(3);
  const running = await jobs().groupBy({ by: ['integrationConfigId'], where: { state: 'RUNNING' }, _count: true });
  expect(running.map(({ _count }) => _count).sort()).toEqual([2, 4]);
  expect(await claimed(queue, workerId, 10)).toEqual([]);
});

// The embedded database has one connection.
describe.skipIf(!('url' in inject('database')))('while somebody has a lock', () => {
  const free = globalStatement(rows({ id: uuid }))`select j.id from avatar_sync_job j for update skip locked`;
  const hold = globalStatement(nothing)`
    select from avatar_sync_job j where j.id = ${parameter('id', uuid)} for update`;

  test('a claim locks what it takes and nothing else, and another claim takes the rest', async () => {
    await queued(3);
    await queued(3);
    const { database } = service.app;
    const [first, second] = await database.transaction(async (query) => {
      const mine = await claimed(avatarQueue({ query }, hour), workerId, 2);
      expect(await database.query(free)).toHaveLength(4);
      return [mine, await claimed(queue, newId(), 10)];
    });
    expect(new Set([...first, ...second].map(({ id }) => id)).size).toBe(6);
  });

  test('the other jobs are renewed and reclaimed all the same', async () => {
    const [held, other] = await lapsed();
    await service.app.database.transaction(async (query) => {
      await query(hold, { id: held.id });
      await queue.reclaim();
      expect(await job(other.id)).toMatchObject({ state: 'QUEUED' });
      const [again] = await claimed(queue, workerId, 2);
      await jobs().updateMany({ where: { id: other.id }, data: { leaseUntil: new Date(Date.now() - 1_000) } });
      await queue.renew(workerId, [held, other]);
      expect((await job(other.id)).leaseUntil?.getTime()).toBeGreaterThan(Date.now());
      expect(again?.id).toBe(other.id);
    });
  });
});
