import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { png, text } from '../fakes/images.ts';
import { startFakeSlack } from '../fakes/slack.ts';
import { rowsOf } from '../tenants/world.ts';
import { address, readAvatar, useSyncing } from './syncing.ts';

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

const { slack, service, tenant, current, actAs, sync, listen } = useSyncing(interrupted);

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
      participant: { id: current.participant },
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

    current.participant = await createParticipant(tenant, {
      channels: [{ integrationConfigId: sms, address: '+14155550100' }],
    });
    expect(await failure({ integrationConfigId: sms, address: '+14155550100' })).toMatchObject({
      code: 'AVATAR_SOURCE_NOT_REGISTERED',
      status,
    });

    const away = await createConfig(tenant, 'slack');
    const channels = [
      { integrationConfigId: away, address: 'C0GROUP' },
      { integrationConfigId: current.config, address: 'C0GROUP' },
    ];
    current.participant = await createParticipant(tenant, { channels });
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
    current.participant = await createParticipant(tenant, { channels: [{ integrationConfigId: old, address }] });
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
    const inside = await startFakeSlack();
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
    expect(await readAvatar(tenant, current.participant)).toMatchObject({ avatarFileId, avatarSource: 'CHANNEL' });
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
    await actAs(await impatient.createTenant());
    const before = await rowsOf(impatient.app.database, tenant.id);
    slack[`${part}Trouble`] = trouble;
    expect(problemOf(await sync())).toEqual({ code: 'PROVIDER_UNAVAILABLE', status: 504 });
    expect(await rowsOf(impatient.app.database, tenant.id)).toEqual(before);
  });
});
