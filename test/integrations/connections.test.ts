import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AnyStatement } from '../../src/database/sql/statement.ts';
import { TokenRefused } from '../../src/egress/provider-problems.ts';
import { Problem } from '../../src/errors/catalogue.ts';
import { type Connectable, type Connections, createConnections } from '../../src/integrations/connections.ts';
import { slackOAuth } from '../../src/integrations/oauth/slack.ts';
import { readToken, type StoredToken, writeToken } from '../../src/integrations/oauth/stored-token.ts';
import { teamsOAuth } from '../../src/integrations/oauth/teams.ts';
import { createTokenCipher } from '../../src/integrations/token-cipher.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { type FakeTeams, startFakeTeams } from '../fakes/teams.ts';

const secretKey = 'a secret key that only these tests have';
const cipher = createTokenCipher(secretKey);
const client = { id: 'client-id', secret: 'client-secret' };
const ada = 'ada@contoso.com';

let slack: FakeSlack;
let teams: FakeTeams;
let service: TestApp;
let tenant: TestTenant;
let connections: Connections;
let id: string;
beforeAll(async () => {
  slack = await startFakeSlack();
  teams = await startFakeTeams();
  service = await startApp({
    SECRET_KEY: secretKey,
    PROVIDER_TIMEOUT_MS: '3000',
    ...teams.env,
    TEAMS_CLIENT_ID: client.id,
    TEAMS_CLIENT_SECRET: client.secret,
    EGRESS_ALLOW: `${slack.host},${teams.host}`,
  });
  const timeoutMs = 3_000;
  connections = createConnections({
    cipher,
    timeoutMs,
    oauth: new Map([
      ['slack', slackOAuth({ apiUrl: slack.apiUrl, client, timeoutMs })],
      ['teams', teamsOAuth({ authorityUrl: teams.env['TEAMS_AUTHORITY_URL'] as string, client, timeoutMs })],
    ]),
  });
});
beforeEach(async () => {
  for (const fake of [slack, teams]) {
    fake.apiTrouble = null;
    fake.tokens.clear();
    fake.authorization.refreshTokens.clear();
    fake.authorization.refreshes = 0;
    fake.authorization.clientSecret = client.secret;
  }
  slack.authorization.expiresIn = 43_200;
  teams.authorization.expiresIn = 3_600;
  teams.pictures.set(ada, await png());
  tenant = await service.createTenant();
  id = await createConfig(tenant, 'teams');
});
afterAll(async () => {
  await service.close();
  await slack.close();
  await teams.close();
});

const db = () => service.app.database.forTenant(tenant.id);
const row = () => service.app.database.prisma.integrationConfig.findFirstOrThrow({ where: { id } });
const config = async (): Promise<Connectable> => row();
const store = (token: StoredToken | string) =>
  service.app.database.prisma.integrationConfig.updateMany({
    where: { id },
    data: {
      tokenCiphertext: cipher.seal(typeof token === 'string' ? token : writeToken(token), id),
      connectedAt: new Date(),
      disconnectedReason: null,
    },
  });

/** A token of Teams or Slack that has ended, and whose refresh token is good. */
const ended = (refresh = 'refresh-1'): StoredToken => {
  for (const { authorization } of [slack, teams]) authorization.refreshTokens.add(refresh);
  return { access: 'access-0', refresh, expiresAt: Date.now() - 1_000, refreshingUntil: null };
};

const sync = async () => {
  const participantId = await createParticipant(tenant, { channels: [{ integrationConfigId: id, address: ada }] });
  return tenant.graphql(
    `mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) {
      participant { id health { reason reachable } } } }`,
    { input: { participantId, integrationConfigId: id, address: ada } },
  );
};
const health = async () => {
  const { participants } = dataOf(await tenant.graphql('{ participants { health { reason reachable } } }'));
  return participants[0].health;
};

describe('a token that has ended', () => {
  test('is refreshed before it is used, and the new one kept', async () => {
    await store(ended());
    dataOf(await sync());
    dataOf(await sync());
    expect(teams.authorization.refreshes).toBe(1);
    expect(await row()).toMatchObject({ disconnectedReason: null, connectedAt: expect.any(Date) });
  });

  test('is refreshed a little before its end', async () => {
    await store({ ...ended(), expiresAt: Date.now() + 30_000 });
    teams.tokens.add('access-0');
    dataOf(await sync());
    expect(teams.authorization.refreshes).toBe(1);
  });

  test('is refreshed once for all concurrent callers', async () => {
    await store(ended());
    const given = await config();
    const tokens = await Promise.all(
      Array.from({ length: 12 }, () => connections.use(db(), given, async (token) => token)),
    );
    expect(new Set(tokens).size).toBe(1);
    expect(teams.tokens.has(tokens[0] as string)).toBe(true);
    expect(teams.authorization.refreshes).toBe(1);
  });

  test('of Slack, with token rotation, is refreshed too', async () => {
    id = await createConfig(tenant, 'slack');
    await store(ended());
    const token = await connections.use(db(), await config(), async (given) => given);
    expect(slack.tokens.get(token as string)).toBe('accepted');
    const next = await connections.use(db(), await config(), async (given) => given);
    expect([next, slack.authorization.refreshes]).toEqual([token, 1]);
  });

  test('is waited for while another replica refreshes it', async () => {
    const stored = ended();
    await store({ ...stored, refreshingUntil: Date.now() + 60_000 });
    const waiting = connections.use(db(), await config(), async (token) => token);
    await wait(300);
    await store({
      access: 'access-of-the-other',
      refresh: 'r',
      expiresAt: Date.now() + 3_600_000,
      refreshingUntil: null,
    });
    expect(await waiting).toBe('access-of-the-other');
    expect(teams.authorization.refreshes).toBe(0);
  });

  test('is refreshed after all when the other replica has died over it', async () => {
    await store({ ...ended(), refreshingUntil: Date.now() - 1 });
    dataOf(await sync());
    expect(teams.authorization.refreshes).toBe(1);
  });

  /** A database that fails to store renewed tokens, so many times. */
  const forgetful = (times: number) => {
    let failing = times;
    const below = db();
    return {
      ...below,
      query: ((statement: AnyStatement, values: { after?: string }) => {
        const storing =
          statement.all.many.text.includes('set token_ciphertext = $') &&
          cipher.open(values.after ?? '', id)?.includes('access-0') === false;
        if (storing && failing-- > 0) return Promise.reject(new Error('Connection terminated unexpectedly'));
        return below.query(statement as never, ...([values] as unknown as []));
      }) as typeof below.query,
    };
  };

  test('is kept though the database failed to store it at first', async () => {
    await store(ended());
    const token = await connections.use(forgetful(2), await config(), async (given) => given);
    expect(await connections.use(db(), await config(), async (given) => given)).toBe(token);
    expect(teams.authorization.refreshes).toBe(1);
  });

  test('serves this once when it cannot be stored; the old one, which may be used up, is not put back', async () => {
    await store(ended());
    const before = await row();
    const token = await connections.use(forgetful(100), await config(), async (given) => given);
    expect(teams.tokens.has(token as string)).toBe(true);
    const { tokenCiphertext, disconnectedReason } = await row();
    expect(tokenCiphertext).not.toBe(before.tokenCiphertext);
    expect(readToken(cipher.open(tokenCiphertext as string, id) as string).refreshingUntil).toBeGreaterThan(Date.now());
    expect(disconnectedReason).toBeNull();
  });

  test('whose consent has ended disconnects the integration', async () => {
    await store({ ...ended(), refresh: 'refresh-unknown' });
    expect(problemOf(await sync())).toEqual({ code: 'INTEGRATION_NOT_CONNECTED', status: 400 });
    expect(await row()).toMatchObject({
      tokenCiphertext: null,
      connectedAt: null,
      disconnectedReason: 'TOKEN_REFUSED',
    });
    expect(await health()).toEqual({ reason: 'NOT_CONNECTED', reachable: false });
  });

  test.each([
    ['fails', () => Object.assign(teams, { apiTrouble: 'server-error' }), 'PROVIDER_UNAVAILABLE'],
    ['asks to wait', () => Object.assign(teams, { apiTrouble: 'rate-limited' }), 'PROVIDER_RATE_LIMITED'],
    [
      'does not know the service',
      () => Object.assign(teams.authorization, { clientSecret: 'other' }),
      'PROVIDER_UNAVAILABLE',
    ],
  ] as const)('stays when the provider %s', async (_, trouble, code) => {
    await store(ended());
    const before = await config();
    trouble();
    await expect(connections.use(db(), before, async (token) => token)).rejects.toMatchObject({ code });
    expect(await config()).toMatchObject({ tokenCiphertext: before.tokenCiphertext });
  });

  test('stays when the service has lost its client id', async () => {
    await store(ended());
    const before = await config();
    const without = createConnections({ cipher, timeoutMs: 1_000, oauth: new Map([['teams', null]]) });
    await expect(without.use(db(), before, async (token) => token)).rejects.toMatchObject({
      code: 'INTEGRATION_NOT_CONNECTED',
    });
    expect(await config()).toMatchObject({ tokenCiphertext: before.tokenCiphertext });
  });
});

describe('a token that the provider refuses', () => {
  test('is forgotten, and health says so', async () => {
    await store('revoked');
    expect(problemOf(await sync())).toEqual({ code: 'INTEGRATION_NOT_CONNECTED', status: 400 });
    expect(await row()).toMatchObject({
      tokenCiphertext: null,
      connectedAt: null,
      disconnectedReason: 'TOKEN_REFUSED',
    });
    expect(await health()).toEqual({ reason: 'NOT_CONNECTED', reachable: false });
    dataOf(
      await tenant.graphql(
        'mutation ($id: ID!) { connectIntegration(input: { id: $id, token: "new" }) { integrationConfig { id } } }',
        {
          id,
        },
      ),
    );
    expect(await row()).toMatchObject({ disconnectedReason: null });
    expect(await health()).toEqual({ reason: null, reachable: true });
  });

  test('stays when it is another’s by now: the integration was connected again meanwhile', async () => {
    await store('old');
    const outcome = connections.use(db(), await config(), async () => {
      await store('new');
      throw new TokenRefused('Teams');
    });
    await expect(outcome).rejects.toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
    expect(await connections.use(db(), await config(), async (token) => token)).toBe('new');
  });

  test('before its time is refreshed, and asked with again', async () => {
    await store({ ...ended(), expiresAt: Date.now() + 3_600_000 });
    dataOf(await sync());
    expect(teams.authorization.refreshes).toBe(1);
  });

  test('though it was just refreshed disconnects the integration', async () => {
    await store({ ...ended(), expiresAt: Date.now() + 3_600_000 });
    const tokens: unknown[] = [];
    const outcome = connections.use(db(), await config(), async (token) => {
      tokens.push(token);
      throw new TokenRefused('Teams');
    });
    await expect(outcome).rejects.toBeInstanceOf(TokenRefused);
    expect(tokens).toHaveLength(2);
    expect(await row()).toMatchObject({ tokenCiphertext: null, disconnectedReason: 'TOKEN_REFUSED' });
  });

  test('is not forgotten for want of a permission, or for any other trouble', async () => {
    await store('good');
    for (const code of ['INTEGRATION_NOT_CONNECTED', 'PROVIDER_UNAVAILABLE', 'AVATAR_NOT_AVAILABLE'] as const) {
      const outcome = connections.use(db(), await config(), () => Promise.reject(new Problem(code, 'No.')));
      await expect(outcome).rejects.toMatchObject({ code });
    }
    expect(await connections.use(db(), await config(), async (token) => token)).toBe('good');
  });

  test('is only this config’s, and only this tenant’s', async () => {
    const other = await createConfig(tenant, 'teams', 'other');
    await store('revoked');
    const given = await config();
    const stranger = service.app.database.forTenant((await service.createTenant()).id);
    const refuse = () => Promise.reject(new TokenRefused('Teams'));
    await expect(connections.use(stranger, given, refuse)).rejects.toBeInstanceOf(TokenRefused);
    expect(await row()).toMatchObject({ disconnectedReason: null });
    await expect(connections.use(db(), given, refuse)).rejects.toBeInstanceOf(TokenRefused);
    const { connectedAt } = await service.app.database.prisma.integrationConfig.findFirstOrThrow({
      where: { id: other },
    });
    expect(connectedAt).not.toBeNull();
  });
});

describe('no token', () => {
  test('is no connection', async () => {
    for (const tokenCiphertext of [null, cipher.seal('x', 'another config'), 'v1.nonsense', '']) {
      const outcome = connections.use(db(), { id, provider: 'teams', tokenCiphertext }, async (token) => token);
      await expect(outcome).rejects.toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
    }
  });

  test('is none for a provider that needs none', async () => {
    const outcome = connections.use(db(), { id, provider: 'email', tokenCiphertext: null }, async (token) => token);
    expect(await outcome).toBeNull();
  });
});

test('a token that looks like one that was stored is still a token', async () => {
  for (const token of ['{', '{}', '{"access":"x"}', 'null', '"x"']) {
    await store(token);
    expect(await connections.use(db(), await config(), async (given) => given)).toBe(token);
  }
});
