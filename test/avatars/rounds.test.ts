import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Storage } from '../../src/storage/storage.ts';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { startFakeGravatar } from '../fakes/gravatar.ts';
import type { ProviderFake } from '../fakes/http.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { avatarOf, eager, jobsOf, settled } from './background.ts';

let slack: FakeSlack;
let gravatar: ProviderFake;
let service: TestApp;
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
/** What the storage's writes fail with. */
let fault: string | null = null;
const files = new Map<string, Uint8Array>();
const fail = () => {
  if (fault !== null) throw Object.assign(new Error(`${fault}: no space left on device`), { code: fault });
};
const storage: Storage = {
  async put(key, bytes) {
    fail();
    files.set(key, bytes);
  },
  putStream: async () => fail(),
  get: async (key) => files.get(key) ?? null,
  open: async () => null,
  async delete(key) {
    fail();
    files.delete(key);
  },
  check: async () => fail(),
};
beforeAll(async () => {
  slack = await startFakeSlack();
  gravatar = await startFakeGravatar();
  slack.users.set('U0ADA', { image: await png(64, 64) });
  own = await createOwnDatabase(inject('database'));
  const environment = {
    ...gravatar.env,
    SLACK_API_URL: slack.apiUrl,
    EGRESS_ALLOW: `${slack.host},${gravatar.host}`,
    LOG_LEVEL: 'silent',
    ...eager,
  };
  service = await startApp(environment, undefined, { database: own.place, storage });
});
afterAll(async () => {
  await service.close();
  await own.drop();
  await slack.close();
  await gravatar.close();
});

async function adaWith(first: 'email' | 'slack') {
  const tenant = await service.createTenant();
  const [email, workspace] = [await createConfig(tenant, 'email'), await createConfig(tenant, 'slack', 'xoxb-good')];
  const channels = [
    { integrationConfigId: email, address: 'ada@example.com', priority: first === 'email' ? 0 : 2 },
    { integrationConfigId: workspace, address: 'U0ADA', priority: 1 },
  ];
  return { tenant, id: await createParticipant(tenant, { channels }) };
}

test('a provider that is away does not keep the next channel waiting', async () => {
  gravatar.imageTrouble = 'server-error';
  gravatar.requests.length = 0;
  const { tenant, id } = await adaWith('email');
  expect(await settled(service, tenant)).toMatchObject([{ state: 'DONE', address: 'U0ADA' }]);
  expect(await avatarOf(tenant, id)).toMatchObject({ avatarSourceAddress: 'U0ADA' });
  expect(gravatar.requests).toHaveLength(1);
  gravatar.imageTrouble = null;
});

test('after a round without a picture the next begins where one may still come from', async () => {
  gravatar.imageTrouble = 'server-error';
  slack.users.set('U0ADA', {});
  const { tenant, id } = await adaWith('email');
  await until(async () => (await jobsOf(service, tenant)).some(({ attempts }) => attempts >= 3));
  gravatar.pictures.set('ada@example.com', await png(64, 64));
  gravatar.imageTrouble = null;
  expect(await settled(service, tenant)).toMatchObject([{ state: 'DONE', address: 'ada@example.com' }]);
  expect(await avatarOf(tenant, id)).toMatchObject({ avatarSourceAddress: 'ada@example.com' });
  gravatar.pictures.clear();
  slack.users.set('U0ADA', { image: await png(64, 64) });
});

test.each(['ENOSPC', 'EROFS', 'EDQUOT', 'EACCES', 'EIO'])(
  'a storage that fails with %s is unavailable, and waited for',
  async (code) => {
    fault = code;
    const { tenant, id } = await adaWith('slack');
    const { integrationConfigId, address } = dataOf(
      await tenant.graphql('query ($id: ID!) { participant(id: $id) { channels { integrationConfigId address } } }', {
        id,
      }),
    ).participant.channels[0];
    const sync = await tenant.graphql(
      `mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }`,
      { input: { participantId: id, integrationConfigId, address } },
    );
    expect(problemOf(sync)).toEqual({ code: 'UNAVAILABLE', status: 503 });
    expect(sync.errors?.[0]?.extensions.retryAfter).toBe(30);
    expect(JSON.stringify(sync.errors)).not.toContain(code);
    await until(async () => (await jobsOf(service, tenant)).some(({ errorCode }) => errorCode === 'UNAVAILABLE'));
    fault = null;
    expect(await settled(service, tenant)).toMatchObject([{ state: 'DONE' }]);
    expect(await avatarOf(tenant, id)).toMatchObject({ avatarSource: 'CHANNEL' });
  },
);
