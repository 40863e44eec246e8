import { describe, expect, inject, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, startApp } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { subscribe } from '../streams.ts';
import { avatarOf, batchOf, jobsOf, progress, settled, syncAgent } from './background.ts';
import { useQueue } from './queue.ts';

const { slack, service, tenant, config, queue } = useQueue();

describe('a job whose worker is gone', () => {
  /** A job as a worker that died left it. */
  const left = async (attempts: number) => {
    const id = await createParticipant(tenant, { channels: [] });
    const { prisma } = service.app.database;
    await prisma.channel.create({
      data: {
        tenantId: tenant.id,
        id: newId(),
        participantId: id,
        integrationConfigId: config(),
        provider: 'slack',
        address: 'U0ADA',
        addressValid: true,
      },
    });
    await prisma.avatarSyncJob.create({
      data: {
        tenantId: tenant.id,
        id: newId(),
        participantId: id,
        integrationConfigId: config(),
        address: 'U0ADA',
        kind: 'AUTOMATIC',
        state: 'RUNNING',
        attempts,
        workerId: newId(),
        leaseUntil: new Date(Date.now() + 300),
      },
    });
    return id;
  };

  test('is taken over once its lease has run out', async () => {
    const id = await left(1);
    expect(await settled(service, tenant)).toMatchObject([{ state: 'DONE', attempts: 2 }]);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'CHANNEL' });
  });

  test('is given up when that happens again and again, without being tried once more', async () => {
    const id = await left(5);
    expect(await settled(service, tenant)).toMatchObject([{ state: 'FAILED', errorCode: 'INTERNAL' }]);
    expect(slack.requests).toEqual([]);
    expect(await avatarOf(tenant, id)).toMatchObject({
      avatarAutoSync: { synced: false, error: { code: 'INTERNAL', status: 500 } },
    });
  });

  test('that is only slow keeps it', async () => {
    slack.users.set('U0ADA', { image: queue.picture, imageTrouble: 'trickle' });
    await createParticipant(tenant, { channels: [{ integrationConfigId: config(), address: 'U0ADA' }] });
    await until(() => slack.requests.length > 1);
    const [before] = await jobsOf(service, tenant);
    // Longer than a lease, shorter than the provider's time limit.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await jobsOf(service, tenant)).toMatchObject([
      { state: 'RUNNING', attempts: 1, workerId: before?.workerId },
    ]);
    slack.users.set('U0ADA', { image: queue.picture });
    await settled(service, tenant);
  });
});

describe('a stop', () => {
  test('hands back what is running, and counts no attempt', async () => {
    const { place, drop } = await createOwnDatabase(inject('database'));
    const patient = { ...queue.environment, JOB_LEASE_MS: '20000', PROVIDER_TIMEOUT_MS: '20000' };
    const stopped = await startApp(patient, undefined, { database: place });
    const theirs = await stopped.createTenant();
    const integrationConfigId = await createConfig(theirs, 'slack', 'xoxb-good');
    slack.apiTrouble = 'hang';
    await createParticipant(theirs, { channels: [{ integrationConfigId, address: 'U0ADA' }] });
    await until(() => slack.requests.length > 0);
    const before = stopped.statements.length;
    await stopped.close();
    const handedBack = stopped.statements
      .slice(before)
      .filter((statement) => /update avatar_sync_job j .*greatest\(0, j\.attempts - 1\)/s.test(statement));
    expect(handedBack).toHaveLength(1);
    slack.apiTrouble = null;
    // Where the database outlives the app, the next one goes on at once: the lease would have run for long.
    if ('url' in place) {
      const successor = await startApp(patient, undefined, { database: place });
      expect(await settled(successor, theirs)).toMatchObject([{ state: 'DONE', attempts: 1 }]);
      await successor.close();
    }
    await drop();
  });
});

describe.skipIf(!('url' in inject('database')))('several replicas on one database', () => {
  test('do each of 500 jobs once, and tell another how far it is', async () => {
    const redis = process.env['REDIS_URL'];
    // No lease runs out and nothing is too slow on a busy machine: that would be a second try, as it should.
    const calm = { JOB_LEASE_MS: '60000', PROVIDER_TIMEOUT_MS: '30000' };
    const shared = { ...queue.environment, ...calm, ...(redis && { REDIS_URL: redis }) };
    const { place, drop } = await createOwnDatabase(inject('database'));
    const start = (more = {}) => startApp({ ...shared, ...more }, undefined, { database: place });
    const replicas = await Promise.all([start(), start()]);
    // Where it is asked for and followed nobody works on it.
    const here = await start({ AVATAR_WORKERS: '0' });
    const tenant = await here.createTenant();
    const configs = await Promise.all(Array.from({ length: 10 }, () => createConfig(tenant, 'slack', 'xoxb-good')));
    const agent = await createAgent(tenant);
    const ids = Array.from({ length: 500 }, newId);
    const { prisma } = here.app.database;
    const tenantId = tenant.id;
    await prisma.participant.createMany({ data: ids.map((id) => ({ tenantId, id, kind: 'PERSON', displayName: id })) });
    await prisma.binding.createMany({
      data: ids.map((id) => ({ tenantId, id: newId(), participantId: id, agentId: agent })),
    });
    await prisma.channel.createMany({
      data: ids.map((participantId, index) => {
        slack.users.set(`U0N${index}`, { image: queue.picture });
        const integrationConfigId = configs[index % configs.length] as string;
        const of = { integrationConfigId, provider: 'slack', address: `U0N${index}`, addressValid: true };
        return { tenantId, id: newId(), participantId, ...of };
      }),
    });
    const { batch } = dataOf(await syncAgent(tenant, agent)).syncAgentAvatars;
    const stream = await subscribe(here.app, await tenant.token(), progress, { id: batch.id });
    let last: { done: number; state: string } | undefined;
    for (let result = await stream.next(); result; result = await stream.next())
      last = result.data.avatarSyncBatchProgress;
    expect(last).toMatchObject({ state: 'FINISHED', done: 500, synced: 500 });
    const counts = new Map<string, number>();
    for (const { path, form } of slack.requests) {
      const user = form['user'];
      if (path === '/api/users.info' && user?.startsWith('U0N')) counts.set(user, (counts.get(user) ?? 0) + 1);
    }
    expect(counts.size).toBe(500);
    expect([...counts.values()].filter((count) => count > 1)).toEqual([]);
    // Each had a part in it.
    for (const { statements } of replicas)
      expect(statements.some((text) => text.includes('insert into file'))).toBe(true);
    expect(await batchOf(tenant, batch.id)).toMatchObject({ state: 'FINISHED' });
    await Promise.all([here, ...replicas].map((replica) => replica.close()));
    await drop();
  }, 120_000);
});
