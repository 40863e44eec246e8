import { beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, type Untyped } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { type Stream, subscribe } from '../streams.ts';
import { upload } from '../uploads.ts';
import { avatarOf, batchOf, jobsOf, progress, settled, syncAgent } from './background.ts';
import { createContact, createContacts } from './contacts.ts';
import { useQueue } from './queue.ts';

const { slack, service, tenant, queue, config } = useQueue();
let agent: string;
beforeEach(async () => {
  slack.users.set('U0NEW', {});
  agent = await createAgent(tenant);
});

const ours = () => ({ service, tenant, agent });
const contact = (address: string | null) => createContact(ours(), config(), address);
const many = async (count: number): Promise<void> => {
  for (const address of await createContacts(ours(), config(), count))
    slack.users.set(address, { image: queue.picture });
};

const start = async () => dataOf(await syncAgent(tenant, agent)).syncAgentAvatars.batch;
const follow = async (id: string): Promise<Stream> => subscribe(service.app, await tenant.token(), progress, { id });

/** Every state until the stream completes. */
async function states(stream: Stream): Promise<Untyped[]> {
  const seen: Untyped[] = [];
  for (let result = await stream.next(); result; result = await stream.next()) {
    expect(result.errors).toBeUndefined();
    seen.push(result.data.avatarSyncBatchProgress);
  }
  return seen;
}

describe('a batch', () => {
  test('syncs who can be, and says why the others cannot', async () => {
    const [synced, kept] = [await contact('U0ADA'), await contact('U0ADA')];
    dataOf(await upload(service, tenant, kept, queue.picture));
    await contact('U0NEW');
    await contact('?');
    await contact(null);
    await createContact(ours(), await createConfig(tenant, 'sms'), '+14155550100');
    await createContact(ours(), await createConfig(tenant, 'slack'), 'U0ADA');
    const { id, total, skipped, state } = await start();
    expect({ total, skipped, state }).toEqual({ total: 7, skipped: 1, state: 'RUNNING' });
    await settled(service, tenant);
    const over = await batchOf(tenant, id);
    expect(over).toMatchObject({
      agentId: agent,
      agent: { id: agent },
      state: 'FINISHED',
      total: 7,
      done: 7,
      synced: 1,
      skipped: 1,
      failed: 5,
    });
    expect(over.failures).toEqual([
      { code: 'AVATAR_NOT_AVAILABLE', count: 2 },
      { code: 'AVATAR_SOURCE_NOT_REGISTERED', count: 1 },
      { code: 'CHANNEL_NOT_ON_PARTICIPANT', count: 1 },
      { code: 'INTEGRATION_NOT_CONNECTED', count: 1 },
    ]);
    expect(Date.parse(over.finishedAt)).toBeGreaterThanOrEqual(Date.parse(over.startedAt));
    expect(await avatarOf(tenant, synced)).toMatchObject({ avatarSource: 'CHANNEL', avatarAutoSync: null });
    expect(await avatarOf(tenant, kept)).toMatchObject({ avatarSource: 'UPLOADED' });
  });

  test('of nobody is over at once', async () => {
    const { id, total, state, finishedAt, estimatedCompletionAt } = await start();
    expect({ total, state, estimatedCompletionAt }).toEqual({
      total: 0,
      state: 'FINISHED',
      estimatedCompletionAt: null,
    });
    expect(finishedAt).not.toBeNull();
    expect(await states(await follow(id))).toMatchObject([{ total: 0, state: 'FINISHED' }]);
  });

  test('of an agent that is not there is 404, and needs the right to write', async () => {
    expect(problemOf(await syncAgent(tenant, 'nobody'))).toEqual({ code: 'AGENT_NOT_FOUND', status: 404 });
    const authorization = `Bearer ${await tenant.token(['participants:read'])}`;
    expect(problemOf(await syncAgent(tenant, agent, { authorization }))).toEqual({ code: 'FORBIDDEN', status: 403 });
  });

  test('is followed from its state now to its end', async () => {
    await many(12);
    const { id } = await start();
    const seen = await states(await follow(id));
    expect(seen.at(-1)).toMatchObject({
      state: 'FINISHED',
      total: 12,
      done: 12,
      synced: 12,
      running: [],
      estimatedCompletionAt: null,
    });
    const done = seen.map((batch) => batch.done);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(new Set(seen.map((batch) => JSON.stringify(batch))).size).toBe(seen.length);
    for (const batch of seen) {
      expect(batch.synced + batch.skipped + batch.failed).toBe(batch.done);
      expect(batch.running.length).toBeLessThanOrEqual(10);
      if (batch.done > 0 && batch.state === 'RUNNING')
        expect(Date.parse(batch.estimatedCompletionAt)).toBeGreaterThan(0);
    }
  });

  test('is found again by its agent', async () => {
    await contact('U0ADA');
    const latest = async () =>
      dataOf(
        await tenant.graphql('query ($id: ID!) { agent(id: $id) { avatarSyncBatch { id state } } }', { id: agent }),
      ).agent.avatarSyncBatch;
    expect(await latest()).toBeNull();
    const { id } = await start();
    expect(await latest()).toMatchObject({ id });
    await settled(service, tenant);
    expect(await latest()).toEqual({ id, state: 'FINISHED' });
    const second = await start();
    expect(second.id).not.toBe(id);
    expect(await latest()).toMatchObject({ id: second.id });
    await settled(service, tenant);
  });

  test('counts a contact that an automatic sync is queued for already', async () => {
    slack.apiTrouble = 'server-error';
    const id = await createParticipant(tenant, {
      agentIds: [agent],
      channels: [{ integrationConfigId: config(), address: 'U0ADA' }],
    });
    await until(async () => (await jobsOf(service, tenant)).some(({ attempts }) => attempts > 0));
    const batch = await start();
    slack.apiTrouble = null;
    expect(await states(await follow(batch.id)).then((seen) => seen.at(-1))).toMatchObject({
      total: 1,
      done: 1,
      synced: 1,
    });
    expect(await jobsOf(service, tenant)).toHaveLength(1);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarAutoSync: { synced: true } });
  });

  test('is not kept open by a contact that is deleted', async () => {
    await contact('U0ADA');
    slack.apiTrouble = 'hang';
    const gone = await contact('U0ADA');
    const { id } = await start();
    const stream = await follow(id);
    await until(() => slack.requests.length > 1);
    for (const participantId of [gone, ...(await jobsOf(service, tenant)).map((job) => job.participantId)]) {
      await tenant.graphql('mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }', {
        id: participantId,
      });
    }
    expect((await states(stream)).at(-1)).toMatchObject({ state: 'FINISHED', total: 0, done: 0 });
    slack.apiTrouble = null;
    expect((await start()).id).not.toBe(id);
  });

  test('that an explicit sync, an upload or a removal overtakes counts that', async () => {
    slack.apiTrouble = 'rate-limited';
    const ids = [await contact('U0ADA'), await contact('U0ADA'), await contact('U0ADA')];
    const { id } = await start();
    await until(
      async () => (await jobsOf(service, tenant)).every(({ state }) => state === 'QUEUED') && slack.requests.length > 0,
    );
    slack.apiTrouble = null;
    dataOf(
      await tenant.graphql(
        'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
        { input: { participantId: ids[0], integrationConfigId: config(), address: 'U0ADA' } },
      ),
    );
    dataOf(await upload(service, tenant, ids[1] as string, queue.picture));
    dataOf(
      await tenant.graphql(
        'mutation ($id: ID!) { removeParticipantAvatar(input: { participantId: $id }) { participant { id } } }',
        { id: ids[2] },
      ),
    );
    expect(await batchOf(tenant, id)).toMatchObject({ state: 'FINISHED', done: 3, synced: 1, skipped: 2 });
    expect((await settled(service, tenant)).every(({ state }) => state === 'DONE')).toBe(true);
    expect(await avatarOf(tenant, ids[2] as string)).toMatchObject({ avatarSource: null });
  });
});

describe('a second batch of an agent', () => {
  test('of another agent that shares contacts is one of its own, with the same jobs', async () => {
    await many(6);
    const first = agent;
    agent = await createAgent(tenant);
    const { prisma } = service.app.database;
    const shared = await prisma.binding.findMany({ where: { tenantId: tenant.id, agentId: first } });
    await prisma.binding.createMany({ data: shared.map((binding) => ({ ...binding, id: newId(), agentId: agent })) });
    const [one, other] = await Promise.all([syncAgent(tenant, first), syncAgent(tenant, agent)]);
    const ids = [one, other].map((answer) => dataOf(answer).syncAgentAvatars.batch.id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids)
      expect((await states(await follow(id))).at(-1)).toMatchObject({ total: 6, done: 6, synced: 6 });
    expect(await jobsOf(service, tenant)).toHaveLength(6);
  });
});
