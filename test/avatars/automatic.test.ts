import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { blue, png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { subscribe } from '../streams.ts';
import { upload } from '../uploads.ts';
import { avatarOf, eager, jobsOf, settled, updateChannels } from './background.ts';

let slack: FakeSlack;
let service: TestApp;
/** Without anybody who works on the queue. */
let idle: TestApp;
let tenant: TestTenant;
let config: string;
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
beforeAll(async () => {
  slack = await startFakeSlack();
  const environment = { SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host, PROVIDER_TIMEOUT_MS: '1500' };
  own = await createOwnDatabase(inject('database'));
  service = await startApp({ ...environment, ...eager }, undefined, { database: own.place });
  idle = await startApp(environment);
});
beforeEach(async () => {
  slack.apiTrouble = null;
  slack.imageTrouble = null;
  slack.users.clear();
  slack.users.set('U0ADA', { image: await png() });
  slack.users.set('U0BOB', { image: await png(60, 60, blue) });
  slack.requests.length = 0;
  tenant = await service.createTenant();
  config = await createConfig(tenant, 'slack', 'xoxb-good');
});
afterAll(async () => {
  await service.close();
  await idle.close();
  await own.drop();
  await slack.close();
});

const ada = () => ({ integrationConfigId: config, address: 'U0ADA' });
const bob = () => ({ integrationConfigId: config, address: 'U0BOB' });
const asked = (user: string) =>
  slack.requests.filter(({ path, form }) => path === '/api/users.info' && form['user'] === user).length;

describe('a participant with a syncable channel', () => {
  test('gets its avatar by itself, and tells so', async () => {
    const stream = await subscribe(
      service.app,
      await tenant.token(),
      'subscription { participantAvatarSynced { participant { id avatarSource avatarSourceAddress } outcome error { code } } }',
    );
    const heard = stream.next();
    const id = await createParticipant(tenant, { channels: [ada()] });
    await settled(service, tenant);
    expect(await avatarOf(tenant, id)).toMatchObject({
      avatarSource: 'CHANNEL',
      avatarSourceConfigId: config,
      avatarSourceAddress: 'U0ADA',
      avatarAutoSync: { synced: true, provider: 'slack', address: 'U0ADA', error: null },
    });
    expect((await heard)?.data.participantAvatarSynced).toEqual({
      participant: { id, avatarSource: 'CHANNEL', avatarSourceAddress: 'U0ADA' },
      outcome: 'SYNCED',
      error: null,
    });
    await stream.leave();
    expect(asked('U0ADA')).toBe(1);
  });

  test('is tried by one channel after the other, in their order', async () => {
    slack.users.set('U0NEW', {});
    const id = await createParticipant(tenant, {
      channels: [
        { ...bob(), priority: 9 },
        { integrationConfigId: config, address: 'U0NEW', priority: 1 },
        { integrationConfigId: config, address: 'U0OFF', priority: 0, disabled: true },
        { integrationConfigId: config, address: 'not an address', priority: 0 },
        { integrationConfigId: await createConfig(tenant, 'slack'), address: 'U0ADA', priority: 0 },
        { integrationConfigId: await createConfig(tenant, 'sms'), address: '+14155550100', priority: 0 },
      ],
    });
    await settled(service, tenant);
    expect(await avatarOf(tenant, id)).toMatchObject({
      avatarSourceAddress: 'U0BOB',
      avatarAutoSync: { synced: true, address: 'U0BOB' },
    });
    expect(asked('U0NEW')).toBe(1);
    expect(asked('U0OFF')).toBe(0);
    expect(asked('U0ADA')).toBe(0);
  });

  test('tells why it got none, and is not asked about again', async () => {
    slack.users.set('U0NEW', {});
    const id = await createParticipant(tenant, { channels: [{ integrationConfigId: config, address: 'U0NEW' }] });
    expect(await settled(service, tenant)).toMatchObject([
      { state: 'FAILED', attempts: 1, errorCode: 'AVATAR_NOT_AVAILABLE' },
    ]);
    expect(await avatarOf(tenant, id)).toMatchObject({
      avatarFileId: null,
      avatarAutoSync: {
        synced: false,
        provider: 'slack',
        address: 'U0NEW',
        error: { code: 'AVATAR_NOT_AVAILABLE', status: 400 },
      },
    });
  });

  test('is queued with the change itself, or not at all', async () => {
    const other = await idle.createTenant();
    const integrationConfigId = await createConfig(other, 'slack', 'xoxb-good');
    const id = await createParticipant(other, { channels: [{ integrationConfigId, address: 'U0ADA' }] });
    expect(await jobsOf(idle, other)).toMatchObject([
      { participantId: id, state: 'QUEUED', attempts: 0, address: 'U0ADA' },
    ]);
    await createParticipant(other, {
      channels: [{ integrationConfigId, address: 'U0BOB' }],
      agentIds: ['nobody'],
    }).catch(() => {});
    expect(await jobsOf(idle, other)).toHaveLength(1);
    expect(await avatarOf(other, id)).toMatchObject({ avatarAutoSync: null });
  });

  test.each([
    ['none at all', async () => []],
    ['one of a provider without avatars', async (t: TestTenant) => [await createConfig(t, 'sms')]],
    ['one that is not connected', async (t: TestTenant) => [await createConfig(t, 'slack')]],
  ])('is not queued with %s', async (_, configs) => {
    const other = await idle.createTenant();
    const channels = (await configs(other)).map((integrationConfigId) => ({ integrationConfigId, address: 'U0ADA' }));
    const id = await createParticipant(other, { channels });
    expect(await jobsOf(idle, other)).toEqual([]);
    expect(await avatarOf(other, id)).toMatchObject({ avatarAutoSync: null });
  });

  test('costs one statement more', async () => {
    const other = await idle.createTenant();
    const [sms, connected] = [await createConfig(other, 'sms'), await createConfig(other, 'slack', 'xoxb-good')];
    const create = async (channels: object[]) =>
      (
        await other.graphql(
          'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }',
          { input: { kind: 'PERSON', displayName: 'A', channels } },
        )
      ).statements.length;
    const without = await create([{ integrationConfigId: sms, address: '+14155550100' }]);
    expect(await create([{ integrationConfigId: connected, address: 'U0ADA' }])).toBe(without + 1);
  });
});

describe('a change of channels', () => {
  test('of another kind queues nothing', async () => {
    const other = await idle.createTenant();
    const integrationConfigId = await createConfig(other, 'slack', 'xoxb-good');
    const id = await createParticipant(other, { channels: [{ integrationConfigId, address: 'U0ADA' }] });
    await idle.app.database.prisma.avatarSyncJob.deleteMany({ where: { tenantId: other.id } });
    await updateChannels(other, id, [{ integrationConfigId, address: 'U0ADA', label: 'work' }], { displayName: 'Ada' });
    expect(await jobsOf(idle, other)).toEqual([]);
    await updateChannels(other, id, [{ integrationConfigId, address: 'U0ADA', priority: 3 }]);
    expect(await jobsOf(idle, other)).toHaveLength(1);
  });

  test('that takes away the one the avatar came from takes the avatar too, and looks for another', async () => {
    const id = await createParticipant(tenant, { channels: [ada(), { ...bob(), priority: 1 }] });
    await settled(service, tenant);
    const updated = await updateChannels(tenant, id, [{ ...bob(), priority: 1 }]);
    expect(updated).toMatchObject({ avatarFileId: null, avatarSource: null, avatarUrl: null });
    await settled(service, tenant);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'CHANNEL', avatarSourceAddress: 'U0BOB' });

    const stream = await subscribe(
      service.app,
      await tenant.token(),
      'subscription { participantAvatarSynced { participant { avatarFileId } outcome } }',
    );
    const heard = stream.next();
    expect(await updateChannels(tenant, id, [])).toMatchObject({ avatarFileId: null });
    expect((await heard)?.data.participantAvatarSynced).toEqual({
      participant: { avatarFileId: null },
      outcome: 'SYNCED',
    });
    await stream.leave();
    await settled(service, tenant);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarFileId: null });
  });

  test('while an earlier one is being tried: the earlier one does not get to write', async () => {
    slack.users.set('U0ADA', { image: await png(), imageTrouble: 'trickle' });
    const id = await createParticipant(tenant, { channels: [ada()] });
    await until(() => slack.requests.some(({ path }) => path.startsWith('/images/U0ADA')));
    await updateChannels(tenant, id, [ada(), { ...bob(), priority: -1 }]);
    await settled(service, tenant);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSourceAddress: 'U0BOB' });
    expect(asked('U0BOB')).toBe(1);
  });
});

describe('an uploaded avatar', () => {
  test('is kept by a later change of channels', async () => {
    const id = await createParticipant(tenant);
    dataOf(await upload(service, tenant, id, await png(90, 90, blue)));
    const { avatarFileId } = await avatarOf(tenant, id);
    await updateChannels(tenant, id, [ada()]);
    expect(await jobsOf(service, tenant)).toEqual([]);
    await updateChannels(tenant, id, []);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarFileId, avatarSource: 'UPLOADED' });
  });

  test('wins against a sync that is under way', async () => {
    slack.users.set('U0ADA', { image: await png(), imageTrouble: 'hang' });
    const id = await createParticipant(tenant, { channels: [ada()] });
    await until(() => slack.requests.some(({ path }) => path.startsWith('/images/U0ADA')));
    dataOf(await upload(service, tenant, id, await png(90, 90, blue)));
    expect(await settled(service, tenant)).toMatchObject([{ state: 'DONE' }]);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'UPLOADED', avatarAutoSync: null });
  });

  test('is not even asked about', async () => {
    const id = await createParticipant(tenant);
    dataOf(await upload(service, tenant, id, await png(90, 90, blue)));
    const job = {
      id: newId(),
      participantId: id,
      integrationConfigId: config,
      address: 'U0ADA',
      kind: 'BATCH' as const,
    };
    await service.app.database.prisma.avatarSyncJob.create({ data: { tenantId: tenant.id, ...job } });
    expect(await settled(service, tenant)).toMatchObject([{ state: 'DONE' }]);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'UPLOADED' });
    expect(slack.requests).toEqual([]);
  });
});

describe('every change of an avatar', () => {
  test('is heard: by upload, by removal, by a sync somebody asked for', async () => {
    const id = await createParticipant(tenant, { channels: [ada()] });
    await settled(service, tenant);
    const stream = await subscribe(
      service.app,
      await tenant.token(),
      'subscription { participantAvatarSynced { participant { avatarSource } outcome } }',
    );
    const sources: unknown[] = [];
    const next = async () => sources.push((await stream.next())?.data.participantAvatarSynced.participant.avatarSource);
    dataOf(await upload(service, tenant, id, await png()));
    await next();
    const remove =
      'mutation ($id: ID!) { removeParticipantAvatar(input: { participantId: $id }) { participant { id } } }';
    dataOf(await tenant.graphql(remove, { id }));
    await next();
    // Nothing is left to remove, so nothing happens.
    dataOf(await tenant.graphql(remove, { id }));
    dataOf(
      await tenant.graphql(
        'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
        { input: { participantId: id, ...ada() } },
      ),
    );
    await next();
    expect(sources).toEqual(['UPLOADED', null, 'CHANNEL']);
    await stream.leave();
  });
});
