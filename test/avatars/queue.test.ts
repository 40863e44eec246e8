import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { backoff } from '../../src/jobs/backoff.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { png, text } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { subscribe } from '../streams.ts';
import { avatarOf, batchOf, eager, jobsOf, progress, settled, syncAgent } from './background.ts';

let slack: FakeSlack;
let service: TestApp;
let tenant: TestTenant;
let config: string;
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
let picture: Uint8Array;
let environment: Record<string, string>;
beforeAll(async () => {
  slack = await startFakeSlack();
  picture = await png(64, 64);
  environment = {
    SLACK_API_URL: slack.apiUrl,
    EGRESS_ALLOW: slack.host,
    PROVIDER_TIMEOUT_MS: '2000',
    LOG_LEVEL: 'silent',
    ...eager,
  };
  own = await createOwnDatabase(inject('database'));
  service = await startApp(environment, undefined, { database: own.place });
});
beforeEach(async () => {
  slack.apiTrouble = null;
  slack.imageTrouble = null;
  slack.tokens.clear();
  slack.tokens.set('xoxb-good', 'accepted');
  slack.users.clear();
  slack.users.set('U0ADA', { image: picture });
  slack.requests.length = 0;
  tenant = await service.createTenant();
  config = await createConfig(tenant, 'slack', 'xoxb-good');
});
afterAll(async () => {
  await service.close();
  await own.drop();
  await slack.close();
});

const person = (more: object = {}, address = 'U0ADA') =>
  createParticipant(tenant, { channels: [{ integrationConfigId: config, address }], ...more });
const failures = (variables: object = {}) =>
  tenant.graphql(
    `query ($filter: AvatarSyncFailureFilter, $first: Int, $after: String, $last: Int, $before: String) {
      avatarSyncFailuresConnection(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        totalCount pageInfo { hasNextPage endCursor startCursor }
        nodes { id participant { id } provider address attempts error { code status detail } failedAt } } }`,
    variables,
  );
const listed = async (variables: object = {}) => dataOf(await failures(variables)).avatarSyncFailuresConnection;
const retry = (id: string) =>
  tenant.graphql('mutation ($id: ID!) { retryAvatarSync(input: { id: $id }) { participant { id } } }', { id });

test('the wait before another attempt grows, and is never the same for all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
      const wait = backoff(attempts, 2_000, 600_000, () => random);
      expect(wait).toBeGreaterThanOrEqual(0);
      expect(wait).toBeLessThanOrEqual(Math.min(600_000, 2_000 * 2 ** (attempts - 1)) + 1);
    }),
  );
  expect(backoff(3, 2_000, 600_000, () => 0.5)).toBe(4_000);
});

describe('a sync that fails for a while', () => {
  test('is tried again, and nobody hears of the failures between', async () => {
    slack.apiTrouble = 'server-error';
    const stream = await subscribe(
      service.app,
      await tenant.token(),
      'subscription { participantAvatarSynced { outcome } }',
    );
    const heard = stream.next();
    const id = await person();
    await until(async () => (await jobsOf(service, tenant)).some(({ attempts }) => attempts >= 2));
    slack.apiTrouble = null;
    expect(await settled(service, tenant)).toMatchObject([{ state: 'DONE', errorCode: null }]);
    expect((await heard)?.data.participantAvatarSynced).toEqual({ outcome: 'SYNCED' });
    await stream.leave();
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'CHANNEL', avatarAutoSync: { synced: true } });
  });

  test('waits for as long as the outage lasts, which the graph says', async () => {
    slack.apiTrouble = 'server-error';
    const id = await person();
    await until(async () => (await jobsOf(service, tenant)).some(({ attempts }) => attempts >= 7));
    const waiting = async () =>
      dataOf(await tenant.graphql('{ waitingAvatarSyncs { integrationConfig { id } code count since nextAttemptAt } }'))
        .waitingAvatarSyncs;
    await until(async () => (await waiting()).length > 0);
    const [found] = await waiting();
    expect(found ?? (await waiting())[0]).toMatchObject({
      integrationConfig: { id: config },
      code: 'PROVIDER_UNAVAILABLE',
      count: 1,
    });
    expect((await listed()).totalCount).toBe(0);
    slack.apiTrouble = null;
    expect(await settled(service, tenant)).toMatchObject([{ state: 'DONE', errorCode: null }]);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'CHANNEL' });
    expect(await waiting()).toEqual([]);
  });

  test('is given up after a day, told, listed, and can be tried again', async () => {
    slack.apiTrouble = 'server-error';
    const stream = await subscribe(
      service.app,
      await tenant.token(),
      'subscription { participantAvatarSynced { outcome error { code status } } }',
    );
    const heard = stream.next();
    const id = await person();
    await until(async () => (await jobsOf(service, tenant)).some(({ attempts }) => attempts >= 2));
    await service.app.database.prisma.avatarSyncJob.updateMany({
      where: { tenantId: tenant.id },
      data: { queuedAt: new Date(Date.now() - 25 * 3_600_000) },
    });
    expect(await settled(service, tenant)).toMatchObject([{ state: 'FAILED', errorCode: 'PROVIDER_UNAVAILABLE' }]);
    expect((await heard)?.data.participantAvatarSynced).toEqual({
      outcome: 'FAILED',
      error: { code: 'PROVIDER_UNAVAILABLE', status: 502 },
    });
    await stream.leave();
    const { nodes, totalCount } = await listed();
    expect({ nodes, totalCount }).toMatchObject({
      totalCount: 1,
      nodes: [
        {
          participant: { id },
          provider: 'slack',
          address: 'U0ADA',
          error: { code: 'PROVIDER_UNAVAILABLE', status: 502 },
        },
      ],
    });
    expect(nodes[0].error.detail).not.toContain('xoxb');

    slack.apiTrouble = null;
    const answers = await Promise.all([retry(nodes[0].id), retry(nodes[0].id.toUpperCase())]);
    for (const answer of answers) expect(dataOf(answer).retryAvatarSync.participant.id).toBe(id);
    await settled(service, tenant);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'CHANNEL' });
    expect((await listed()).totalCount).toBe(0);
    // Once more, after it has succeeded, it stays as it is.
    dataOf(await retry(nodes[0].id));
    expect(await jobsOf(service, tenant)).toMatchObject([{ state: 'DONE' }]);
  });

  test('is not tried again by somebody who may not, or that is not there', async () => {
    for (const id of ['x', newId()])
      expect(problemOf(await retry(id))).toEqual({ code: 'AVATAR_SYNC_NOT_FOUND', status: 404 });
    const authorization = `Bearer ${await tenant.token(['participants:read'])}`;
    const answer = await tenant.graphql(
      'mutation { retryAvatarSync(input: { id: "x" }) { participant { id } } }',
      {},
      { authorization },
    );
    expect(problemOf(answer)).toEqual({ code: 'FORBIDDEN', status: 403 });
  });
});

describe('failed syncs', () => {
  test('are paged, the latest first, and narrowed by agent and code', async () => {
    const agent = await createAgent(tenant);
    slack.users.set('U0NEW', {});
    slack.users.set('U0TXT', { image: text() });
    const ids: string[] = [];
    for (const [address, agentIds] of [
      ['U0NEW', [agent]],
      ['U0TXT', []],
      ['U0NEW', []],
    ] as const) {
      ids.unshift(await person({ agentIds }, address));
      await settled(service, tenant);
    }
    const of = (page: { nodes: { participant: { id: string } }[] }) => page.nodes.map((node) => node.participant.id);
    expect(of(await listed())).toEqual(ids);
    const first = await listed({ first: 2 });
    expect(of(first)).toEqual(ids.slice(0, 2));
    expect(of(await listed({ first: 2, after: first.pageInfo.endCursor }))).toEqual(ids.slice(2));
    expect(of(await listed({ last: 1 }))).toEqual(ids.slice(2));
    expect(of(await listed({ last: 5, before: first.pageInfo.endCursor }))).toEqual(ids.slice(0, 1));
    expect(of(await listed({ filter: { agentId: agent } }))).toEqual(ids.slice(2));
    expect(await listed({ filter: { code: 'AVATAR_INVALID' } })).toMatchObject({
      totalCount: 1,
      nodes: [{ address: 'U0TXT' }],
    });
    expect(problemOf(await failures({ after: 'x' }))).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    const cursor = Buffer.from(JSON.stringify(['yesterday', newId()])).toString('base64url');
    expect(problemOf(await failures({ after: cursor }))).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
  });
});

describe('a provider that says wait', () => {
  test('is not asked by that workspace for as long, and by the others all the same', async () => {
    slack.tokens.set('xoxb-busy', 'ratelimited');
    const busy = await createConfig(tenant, 'slack', 'xoxb-busy');
    const waiting = await Promise.all(
      ['U0AAA', 'U0BBB', 'U0CCC', 'U0DDD', 'U0EEE', 'U0FFF'].map((address) => {
        slack.users.set(address, { image: picture });
        return createParticipant(tenant, { channels: [{ integrationConfigId: busy, address }] });
      }),
    );
    await until(
      async () => (await jobsOf(service, tenant)).every(({ state }) => state === 'QUEUED') && slack.requests.length > 0,
    );
    // Nobody goes on asking in the busy workspace once it has said so: at most as many as were on their way.
    const asked = slack.requests.length;
    expect(asked).toBeLessThanOrEqual(4);
    const others = [await person(), await person()];
    await until(async () => (await avatarOf(tenant, others[1] as string)).avatarSource === 'CHANNEL');
    const busyJobs = (await jobsOf(service, tenant)).filter(({ participantId }) => waiting.includes(participantId));
    expect(busyJobs.every(({ state, attempts }) => state === 'QUEUED' && attempts === 0)).toBe(true);
    expect(slack.requests.filter(({ authorization }) => authorization === 'Bearer xoxb-busy')).toHaveLength(asked);
    const metrics = await (await service.app.fetch(new Request('http://localhost/metrics'))).text();
    const jobs = (state: string) =>
      Number(new RegExp(`rollcall_avatar_jobs\\{state="${state}"\\} (\\d+)`).exec(metrics)?.[1]);
    expect(jobs('waiting') + jobs('due')).toBeGreaterThanOrEqual(waiting.length);
    expect(jobs('running')).not.toBeNaN();

    const configs = dataOf(
      await tenant.graphql('{ integrationConfigs { id avatarSyncPausedUntil } }'),
    ).integrationConfigs;
    const pausedUntil = new Map(
      configs.map((one: { id: string; avatarSyncPausedUntil: string | null }) => [one.id, one.avatarSyncPausedUntil]),
    );
    expect(pausedUntil.get(config)).toBeNull();
    expect(Date.parse(pausedUntil.get(busy) as string)).toBeGreaterThan(Date.now());

    // Later.
    slack.tokens.set('xoxb-busy', 'accepted');
    await service.app.database.prisma.avatarSyncPause.deleteMany({ where: { tenantId: tenant.id } });
    await service.app.database.prisma.avatarSyncJob.updateMany({
      where: { tenantId: tenant.id },
      data: { runAt: new Date() },
    });
    expect((await settled(service, tenant)).every(({ state }) => state === 'DONE')).toBe(true);
  });

  test('is asked again when it said so', async () => {
    slack.retryAfter = '1';
    slack.apiTrouble = 'rate-limited';
    const id = await person();
    await until(() => slack.requests.length > 0);
    slack.apiTrouble = null;
    await settled(service, tenant);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'CHANNEL' });
    expect(slack.requests.filter(({ path }) => path === '/api/users.info')).toHaveLength(2);
  });
});

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
        integrationConfigId: config,
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
        integrationConfigId: config,
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
    slack.users.set('U0ADA', { image: picture, imageTrouble: 'trickle' });
    await person();
    await until(() => slack.requests.length > 1);
    const [before] = await jobsOf(service, tenant);
    // Longer than a lease, shorter than the provider's time limit.
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await jobsOf(service, tenant)).toMatchObject([
      { state: 'RUNNING', attempts: 1, workerId: before?.workerId },
    ]);
    slack.users.set('U0ADA', { image: picture });
    await settled(service, tenant);
  });
});

describe('a stop', () => {
  test('hands back what is running, and counts no attempt', async () => {
    const { place, drop } = await createOwnDatabase(inject('database'));
    const patient = { ...environment, JOB_LEASE_MS: '20000', PROVIDER_TIMEOUT_MS: '20000' };
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
    const shared = { ...environment, ...calm, ...(redis && { REDIS_URL: redis }) };
    const { place, drop } = await createOwnDatabase(inject('database'));
    const start = (more = {}) => startApp({ ...shared, ...more }, undefined, { database: place });
    const replicas = await Promise.all([start(), start()]);
    // Where it is asked for and followed nobody works on it.
    const here = await start({ AVATAR_WORKERS: '0' });
    tenant = await here.createTenant();
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
        slack.users.set(`U0N${index}`, { image: picture });
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
