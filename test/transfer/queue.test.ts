import { Readable } from 'node:stream';
import { expect, inject, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { nothing } from '../../src/database/sql/columns.ts';
import { parameter } from '../../src/database/sql/fragment.ts';
import { globalStatement } from '../../src/database/sql/statement.ts';
import { uuid } from '../../src/database/sql/types.ts';
import { Problem } from '../../src/errors/catalogue.ts';
import { secondsLeft, sweepDataJobs } from '../../src/transfer/jobs.ts';
import { dataQueue, type LeasedJob } from '../../src/transfer/queue.ts';
import { createDataJobRunner } from '../../src/transfer/run.ts';
import { dataOf, type TestTenant } from '../app.ts';
import { claimed } from '../jobs/claimed.ts';
import { overtaken } from '../jobs/overtaken.ts';
import { importFile } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';

// No worker: the tests are the workers.
const service = useAppAlone({ IMPORT_WORKERS: '0' });
const leaseMs = 60_000;
const noHooks = { channelsChanged: async () => {}, setAvatarFile: async () => {}, beforeDelete: async () => {} };

const begin = async (tenant: TestTenant, content: string): Promise<string> => {
  const input = { kind: 'EXTERNAL_USERS', format: 'CSV' };
  return dataOf(await importFile(service, tenant, content, input)).startImport.import.id;
};
const stored = (tenant: TestTenant, id: string) =>
  service.app.database.prisma.dataJob.findUniqueOrThrow({ where: { tenantId_id: { tenantId: tenant.id, id } } });
const expire = (id: string) =>
  service.app.database.prisma.dataJob.updateMany({ where: { id }, data: { leaseUntil: new Date(Date.now() - 1_000) } });
const hold = globalStatement(nothing)`select from data_job j where j.id = ${parameter('id', uuid)} for update`;

test('one job of a tenant is leased at a time, and others of other tenants', async () => {
  const queue = dataQueue(service.app.database, leaseMs);
  const [one, other] = [await service.createTenant(), await service.createTenant()];
  const first = await begin(one, 'fkId\n1\n');
  await begin(one, 'fkId\n2\n');
  const third = await begin(other, 'fkId\n3\n');
  const claims = await Promise.all([
    claimed(queue, newId(), 5),
    claimed(queue, newId(), 5),
    claimed(queue, newId(), 5),
  ]);
  const ours = claims.flat().filter(({ tenantId }) => tenantId === one.id || tenantId === other.id);
  expect(ours.map(({ id }) => id).sort()).toEqual([first, third].sort());
  expect((await claimed(queue, newId(), 5)).filter(({ tenantId }) => tenantId === one.id)).toEqual([]);
  for (const job of ours) await queue.handBack(job.workerId);
});

test('a job that another worker has leased since it was found due is not leased, nor the next of its tenant', async () => {
  const queue = dataQueue(service.app.database, leaseMs);
  const tenant = await service.createTenant();
  const id = await begin(tenant, 'fkId\n1\n');
  await begin(tenant, 'fkId\n2\n');
  const [worker, other] = [newId(), newId()];
  const overtaking = overtaken(service.app.database, () => claimed(queue, other, 50));
  const jobs = await claimed(dataQueue(overtaking, leaseMs), worker, 50);
  expect(jobs.filter(({ tenantId }) => tenantId === tenant.id)).toEqual([]);
  expect(await stored(tenant, id)).toMatchObject({ state: 'RUNNING', workerId: other, attempts: 1 });
  await queue.handBack(other);
});

test('a job that meets outages keeps its attempts, and waits longer each time', async () => {
  const queue = dataQueue(service.app.database, leaseMs);
  const tenant = await service.createTenant();
  const id = await begin(tenant, 'fkId\n1\n');
  const due = () =>
    service.app.database.prisma.dataJob.updateMany({ where: { tenantId: tenant.id }, data: { runAt: new Date(0) } });
  const mine = async () => {
    const worker = newId();
    const jobs = await claimed(queue, worker, 50);
    const job = jobs.find((one) => one.id === id);
    if (!job) throw new Error('The job was not due.');
    return job;
  };
  const waits: number[] = [];
  for (let times = 0; times < 8; times += 1) {
    const job = await mine();
    await queue.release(job, new Problem('UNAVAILABLE', 'away'));
    const { attempts, runAt } = await stored(tenant, id);
    expect(attempts).toBe(0);
    waits.push(runAt.getTime() - Date.now());
    await due();
  }
  expect(waits[2]).toBeGreaterThan((waits[0] as number) * 2);
  expect(waits[7]).toBeLessThanOrEqual(2 * leaseMs);
  await queue.release(await mine(), new Error('unexpected'));
  expect(await stored(tenant, id)).toMatchObject({ attempts: 1, state: 'QUEUED' });
});

test('a job is not released by a run from before its worker leased it again', async () => {
  const queue = dataQueue(service.app.database, leaseMs);
  const tenant = await service.createTenant();
  const id = await begin(tenant, 'fkId\n1\n');
  const worker = newId();
  const mine = async () => (await claimed(queue, worker, 50)).find((job) => job.id === id) as LeasedJob;
  const before = await mine();
  await expire(id);
  await queue.reclaim();
  const again = await mine();
  await queue.release(before, new Error('a try failed'));
  expect(await stored(tenant, id)).toMatchObject({ state: 'RUNNING', workerId: worker });
  // Progress has set its attempts back.
  await service.app.database.prisma.dataJob.updateMany({ where: { id }, data: { attempts: 0 } });
  await queue.release(again, new Error('a try failed'));
  expect(await stored(tenant, id)).toMatchObject({ state: 'QUEUED', workerId: null });
});

// The embedded database has one connection.
test.skipIf(!('url' in inject('database')))('a job that is locked keeps no other from its lease', async () => {
  const { database } = service.app;
  const queue = dataQueue(database, leaseMs);
  const [one, other] = [await service.createTenant(), await service.createTenant()];
  const [locked, free] = [await begin(one, 'fkId\n1\n'), await begin(other, 'fkId\n2\n')];
  const worker = newId();
  const leased = (await claimed(queue, worker, 50)).sort(({ id }) => (id === locked ? -1 : 1));
  for (const id of [locked, free]) await expire(id);
  await database.transaction(async (query) => {
    await query(hold, { id: locked });
    await queue.renew(worker, leased);
    expect((await stored(other, free)).leaseUntil?.getTime()).toBeGreaterThan(Date.now());
    await expire(free);
    await queue.reclaim();
    expect(await stored(other, free)).toMatchObject({ state: 'QUEUED' });
  });
  expect(await stored(one, locked)).toMatchObject({ state: 'RUNNING' });
  await queue.handBack(worker);
});

test('the time in which nobody worked on a job is none of what is left', async () => {
  const queue = dataQueue(service.app.database, leaseMs);
  const tenant = await service.createTenant();
  const id = await begin(tenant, 'fkId\n1\n');
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1_000);
  // Half of it was done in 100 seconds by a worker that was not heard of for an hour.
  await service.app.database.prisma.dataJob.update({
    where: { tenantId_id: { tenantId: tenant.id, id } },
    data: {
      state: 'RUNNING',
      startedAt: ago(3_700),
      leaseUntil: ago(3_600 - leaseMs / 1_000),
      workerId: newId(),
      totalRows: 1_000,
      doneRows: 500,
    },
  });
  const left = async () => secondsLeft(await stored(tenant, id), Date.now());
  const again = async () => (await claimed(queue, newId(), 50)).find((job) => job.id === id);
  await queue.reclaim();
  expect((await again())?.doneRows).toBe(500);
  expect(await left()).toBeGreaterThanOrEqual(100);
  expect(await left()).toBeLessThan(200);
  // One that was given back waits an hour more.
  const job = await service.app.database.prisma.dataJob.update({
    where: { tenantId_id: { tenantId: tenant.id, id } },
    data: { state: 'QUEUED', workerId: null, leaseUntil: null, runAt: ago(3_600), startedAt: ago(3_700) },
  });
  expect(job.state).toBe('QUEUED');
  await again();
  expect(await left()).toBeGreaterThanOrEqual(100);
  expect(await left()).toBeLessThan(200);
});

test('progress sets the attempts back, and what was refused is deleted when it is in its file', async () => {
  const { database } = service.app;
  const queue = dataQueue(database, leaseMs);
  const tenant = await service.createTenant();
  const file = Buffer.from('fkId,email\nf-1,\n,not an address\n');
  const put: string[] = [];
  const storage = {
    open: async () => ({ size: file.length, read: async () => Readable.from([file]) }),
    putStream: async (key: string) => void put.push(key),
  };
  const run = createDataJobRunner({ database, storage, hooks: noHooks, unexpected: () => {} });
  const id = await begin(tenant, 'fkId\nx\n');
  await database.prisma.dataJob.updateMany({ where: { tenantId: tenant.id }, data: { attempts: 3 } });
  const job = (await claimed(queue, newId(), 50)).find((one) => one.id === id);
  if (!job) throw new Error('The job was not due.');
  expect(job.attempts).toBe(4);
  await run(job);
  expect(await stored(tenant, id)).toMatchObject({ state: 'DONE', attempts: 0, createdRows: 1, rejectedRows: 1 });
  expect(put).toHaveLength(1);
  expect(await database.prisma.dataRejection.count({ where: { tenantId: tenant.id } })).toBe(0);
});

test('a job that was over long ago is deleted', async () => {
  const { database } = service.app;
  const tenant = await service.createTenant();
  const [old, young] = [await begin(tenant, 'fkId\n1\n'), await begin(tenant, 'fkId\n2\n')];
  const days = (count: number) => new Date(Date.now() - count * 86_400_000);
  for (const [id, finishedAt] of [
    [old, days(31)],
    [young, days(29)],
  ] as const)
    await database.prisma.dataJob.update({
      where: { tenantId_id: { tenantId: tenant.id, id } },
      data: { state: 'DONE', finishedAt },
    });
  await sweepDataJobs(database);
  expect((await database.prisma.dataJob.findMany({ where: { tenantId: tenant.id } })).map(({ id }) => id)).toEqual([
    young,
  ]);
});
