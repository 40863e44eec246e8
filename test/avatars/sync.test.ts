import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { blue, photograph, png, text } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { type Stream, subscribe } from '../streams.ts';
import { rowsOf } from '../tenants/world.ts';
import { upload } from '../uploads.ts';

/** What a transaction's begin throws; null when it doesn't. */
let outage: Error | null = null;
function interrupted(connection: Connection): Connection {
  const connect = async () => {
    const adapter = await connection.adapter.connect();
    const start = adapter.startTransaction.bind(adapter);
    adapter.startTransaction = (level) => (outage ? Promise.reject(outage) : start(level));
    return adapter;
  };
  return { ...connection, adapter: Object.assign(Object.create(connection.adapter), { connect }) };
}

let slack: FakeSlack;
let service: TestApp;
let tenant: TestTenant;
let config: string;
let participant: string;
const address = 'U0ADA';

beforeAll(async () => {
  slack = await startFakeSlack();
  service = await startApp({ SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host }, interrupted);
});
beforeEach(async () => {
  slack.apiTrouble = null;
  slack.imageTrouble = null;
  slack.retryAfter = '30';
  slack.users.clear();
  slack.users.set(address, { image: await png() });
  tenant = await service.createTenant();
  config = await createConfig(tenant, 'slack', 'xoxb-good');
  participant = await createParticipant(tenant, { channels: [{ integrationConfigId: config, address }] });
});
afterAll(async () => {
  await service.close();
  await slack.close();
});

const columns = 'id avatarFileId avatarSource avatarSourceConfigId avatarSourceAddress avatarSyncedAt modifiedAt';
const sync = (input: Record<string, unknown> = {}) =>
  tenant.graphql(
    `mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) {
      participant { ${columns} small: avatarUrl(size: 64) medium: avatarUrl large: avatarUrl(size: 512) }
    } }`,
    { input: { participantId: participant, integrationConfigId: config, address, ...input } },
  );
const read = async () =>
  dataOf(await tenant.graphql(`query ($id: ID!) { participant(id: $id) { ${columns} } }`, { id: participant }))
    .participant;
const remove = () =>
  tenant.graphql(
    `mutation ($id: ID!) { removeParticipantAvatar(input: { participantId: $id }) { participant { ${columns} } } }`,
    { id: participant },
  );
const imageAt = async (url: string) => Buffer.from(await (await service.app.fetch(new Request(url))).arrayBuffer());

describe('a sync', () => {
  test('takes the picture, and says where from', async () => {
    const before = Date.now();
    const synced = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    expect(synced).toMatchObject({
      id: participant,
      avatarSource: 'CHANNEL',
      avatarSourceConfigId: config,
      avatarSourceAddress: address,
    });
    expect(Date.parse(synced.avatarSyncedAt)).toBeGreaterThanOrEqual(before - 1_000);
    expect(synced.avatarFileId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await read()).toMatchObject({ avatarFileId: synced.avatarFileId, avatarSyncedAt: synced.avatarSyncedAt });
  });

  test('serves it as WebP in three sizes, upright, with nothing in it but pixels', async () => {
    slack.users.set(address, { image: await photograph() });
    const synced = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    for (const [url, size] of [
      [synced.small, 64] as const,
      [synced.medium, 128] as const,
      [synced.large, 512] as const,
    ]) {
      const image = await imageAt(url);
      const metadata = await sharp(image).metadata();
      expect(metadata).toMatchObject({ format: 'webp', width: size, height: size });
      expect([metadata.exif, metadata.icc, metadata.xmp, metadata.orientation]).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      expect(image.includes('Testphone')).toBe(false);
      const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
      const [top, bottom] = [0, (info.height - 1) * info.width * info.channels];
      expect(data[top]).toBeGreaterThan(data[top + 2]!);
      expect(data[bottom + 2]).toBeGreaterThan(data[bottom]!);
    }
  });

  test('of the same picture keeps the file, of another takes another', async () => {
    const first = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    const second = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    expect(second.avatarFileId).toBe(first.avatarFileId);
    slack.users.set(address, { image: await png(100, 100, blue) });
    const third = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    expect(third.avatarFileId).not.toBe(first.avatarFileId);
  });

  test('replaces an avatar that was uploaded', async () => {
    dataOf(await upload(service, tenant, participant, await png(50, 50, blue)));
    expect(dataOf(await sync()).syncParticipantAvatarFromChannel.participant.avatarSource).toBe('CHANNEL');
  });

  test('takes ids in any spelling', async () => {
    dataOf(await sync({ participantId: participant.toUpperCase(), integrationConfigId: config.toUpperCase() }));
  });
});

/** What happened to the participant's avatar, as a subscriber hears it. */
async function listen(): Promise<Stream> {
  return subscribe(
    service.app,
    await tenant.token(),
    'subscription { participantAvatarSynced { participant { id avatarSource } outcome occurredAt error { code status detail } } }',
  );
}

describe('a sync that fails', () => {
  /** The code and status of the failure, which changes nothing, and which subscribers hear. */
  async function failure(input: Record<string, unknown> = {}) {
    const before = await rowsOf(service.app.database, tenant.id);
    const stream = await listen();
    const heard = stream.next();
    const answer = await sync(input);
    const problem = problemOf(answer);
    const { data } = (await heard)!;
    const { message, extensions } = answer.errors![0]!;
    expect(data.participantAvatarSynced).toMatchObject({
      participant: { id: participant },
      outcome: 'FAILED',
      error: { ...problem, detail: message },
    });
    await stream.leave();
    // A file that nobody refers to is the sweep's business.
    expect({ ...(await rowsOf(service.app.database, tenant.id)), file: before['file'] }).toEqual(before);
    return { ...problem, retryAfter: extensions.retryAfter, message };
  }

  test('because the database went away is 503', async () => {
    outage = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    try {
      expect(await failure()).toMatchObject({ code: 'UNAVAILABLE', status: 503 });
    } finally {
      outage = null;
    }
  });

  test('for a participant that is not there is 404', async () => {
    for (const participantId of ['x', '0198f000-0000-7000-8000-000000000000']) {
      expect(problemOf(await sync({ participantId }))).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    }
  });

  test('tells the most general reason first', async () => {
    const status = 400;
    // Neither on the participant, nor of a provider with pictures, nor connected.
    const sms = await createConfig(tenant, 'sms');
    expect(await failure({ integrationConfigId: sms })).toMatchObject({ code: 'CHANNEL_NOT_ON_PARTICIPANT', status });
    expect(await failure({ address: 'U0BOB' })).toMatchObject({ code: 'CHANNEL_NOT_ON_PARTICIPANT', status });
    expect(await failure({ integrationConfigId: 'x' })).toMatchObject({ code: 'CHANNEL_NOT_ON_PARTICIPANT', status });

    participant = await createParticipant(tenant, {
      channels: [{ integrationConfigId: sms, address: '+14155550100' }],
    });
    expect(await failure({ integrationConfigId: sms, address: '+14155550100' })).toMatchObject({
      code: 'AVATAR_SOURCE_NOT_REGISTERED',
      status,
    });

    const away = await createConfig(tenant, 'slack');
    const channels = [
      { integrationConfigId: away, address: 'C0GROUP' },
      { integrationConfigId: config, address: 'C0GROUP' },
    ];
    participant = await createParticipant(tenant, { channels });
    expect(await failure({ integrationConfigId: away, address: 'C0GROUP' })).toMatchObject({
      code: 'INTEGRATION_NOT_CONNECTED',
      status,
    });
    expect(slack.requests.filter(({ form }) => form['user'] === 'C0GROUP')).toEqual([]);
    expect(await failure({ address: 'C0GROUP' })).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE', status });
  });

  test('because the token was revoked at the provider', async () => {
    slack.tokens.set('xoxb-old', 'token_revoked');
    const old = await createConfig(tenant, 'slack', 'xoxb-old');
    participant = await createParticipant(tenant, { channels: [{ integrationConfigId: old, address }] });
    const before = await rowsOf(service.app.database, tenant.id);
    expect(problemOf(await sync({ integrationConfigId: old }))).toEqual({
      code: 'INTEGRATION_NOT_CONNECTED',
      status: 400,
    });
    // All but the token, and the record that it was dropped: test/integrations/connections.test.ts.
    expect(await rowsOf(service.app.database, tenant.id)).toEqual({
      ...before,
      integration_config: expect.any(Array),
      history_entry: expect.any(Array),
    });
  });

  test('because the person has the default picture', async () => {
    slack.users.set(address, {});
    expect(await failure()).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE', status: 400 });
  });

  test.each(['api', 'image'] as const)('because the provider’s %s asks to wait', async (part) => {
    slack.retryAfter = '17';
    slack[`${part}Trouble`] = 'rate-limited';
    expect(await failure()).toMatchObject({ code: 'PROVIDER_RATE_LIMITED', status: 429, retryAfter: 17 });
  });

  test.each([
    ['api', 'server-error', 502],
    ['api', 'nonsense', 502],
    ['image', 'server-error', 502],
    ['image', 'cut-short', 502],
    ['image', 'redirect-loop', 502],
  ] as const)('because the provider’s %s has trouble: %s', async (part, trouble, status) => {
    slack[`${part}Trouble`] = trouble;
    const told = await failure();
    expect(told).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status });
    expect(told.message).not.toContain('xoxb');
  });

  test('because the provider leads to a private address', async () => {
    const inside = (await startFakeSlack()) as FakeSlack;
    inside.users.set(address, { image: await png() });
    slack.imageTrouble = { redirect: `http://${inside.host}/images/${address}/512` };
    expect(await failure()).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
    slack.users.set(address, {
      image: await png(),
      profile: { image_512: `http://${inside.host}/images/${address}/512` },
    });
    slack.imageTrouble = null;
    expect(await failure()).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
    expect(inside.requests).toEqual([]);
    await inside.close();
  });

  test('because what the provider sends is no image', async () => {
    slack.users.set(address, { image: text() });
    expect(await failure()).toMatchObject({ code: 'AVATAR_INVALID', status: 422 });
    slack.imageTrouble = 'oversize';
    expect(await failure()).toMatchObject({ code: 'AVATAR_INVALID', status: 422 });
  });

  test('keeps the avatar there was', async () => {
    const { avatarFileId } = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    slack.users.set(address, { image: text() });
    await failure();
    expect(await read()).toMatchObject({ avatarFileId, avatarSource: 'CHANNEL' });
  });
});

describe('a provider that is too slow', () => {
  let impatient: TestApp;
  beforeAll(async () => {
    impatient = await startApp({ SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host, PROVIDER_TIMEOUT_MS: '300' });
  });
  afterAll(() => impatient.close());

  test.each([
    ['api', 'hang'],
    ['image', 'hang'],
    ['image', 'trickle'],
  ] as const)('(%s: %s) is 504', async (part, trouble) => {
    tenant = await impatient.createTenant();
    config = await createConfig(tenant, 'slack', 'xoxb-good');
    participant = await createParticipant(tenant, { channels: [{ integrationConfigId: config, address }] });
    const before = await rowsOf(impatient.app.database, tenant.id);
    slack[`${part}Trouble`] = trouble;
    expect(problemOf(await sync())).toEqual({ code: 'PROVIDER_UNAVAILABLE', status: 504 });
    expect(await rowsOf(impatient.app.database, tenant.id)).toEqual(before);
  });
});

describe('removeParticipantAvatar', () => {
  test('leaves nothing of the avatar in the participant, and again changes nothing', async () => {
    const { large } = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    expect(large).not.toBeNull();
    const removed = dataOf(await remove()).removeParticipantAvatar.participant;
    expect(removed).toMatchObject({
      avatarFileId: null,
      avatarSource: null,
      avatarSourceConfigId: null,
      avatarSourceAddress: null,
      avatarSyncedAt: null,
    });
    expect(dataOf(await remove()).removeParticipantAvatar.participant).toEqual(removed);
  });
});

describe('a sync that succeeds', () => {
  test('is heard once it can be seen', async () => {
    const stream = await listen();
    const heard = stream.next();
    dataOf(await sync());
    expect((await heard)?.data.participantAvatarSynced).toMatchObject({
      participant: { id: participant, avatarSource: 'CHANNEL' },
      outcome: 'SYNCED',
      error: null,
    });
    await stream.leave();
  });
});
