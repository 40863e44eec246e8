import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { backoff } from '../../src/jobs/backoff.ts';
import { dataOf, problemOf } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { text } from '../fakes/images.ts';
import { subscribe } from '../streams.ts';
import { avatarOf, jobsOf, settled } from './background.ts';
import { useQueue } from './queue.ts';

const { slack, service, tenant, config, queue } = useQueue();

const person = (more: object = {}, address = 'U0ADA') =>
  createParticipant(tenant, { channels: [{ integrationConfigId: config(), address }], ...more });
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
      integrationConfig: { id: config() },
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
        slack.users.set(address, { image: queue.picture });
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
    expect(pausedUntil.get(config())).toBeNull();
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
