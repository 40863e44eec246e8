import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createTokenCipher } from '../../src/integrations/token-cipher.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAccessKey, createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { type FakeTeams, startFakeTeams } from '../fakes/teams.ts';
import { rowsOf } from '../tenants/world.ts';

const publicUrl = 'https://rollcall.example.com/graph';
const secretKey = 'a secret key that only these tests have';

let slack: FakeSlack;
let teams: FakeTeams;
let environment: Record<string, string>;
let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  slack = await startFakeSlack();
  teams = await startFakeTeams();
  environment = {
    PUBLIC_URL: publicUrl,
    SECRET_KEY: secretKey,
    SLACK_API_URL: slack.apiUrl,
    SLACK_CLIENT_ID: 'client-id',
    SLACK_CLIENT_SECRET: 'client-secret',
    ...teams.env,
    TEAMS_CLIENT_ID: 'client-id',
    TEAMS_CLIENT_SECRET: 'client-secret',
    EGRESS_ALLOW: `${slack.host},${teams.host}`,
  };
  service = await startApp(environment);
});
beforeEach(async () => {
  for (const fake of [slack, teams]) {
    fake.apiTrouble = null;
    fake.retryAfter = '30';
    fake.requests.length = 0;
    Object.assign(fake.authorization, { consent: 'given', clientSecret: 'client-secret', workspaceName: 'Fake' });
  }
  for (const provider of ['slack', 'teams'] as const) {
    ({ slack, teams })[provider].authorization.redirectUri = `${publicUrl}/oauth/${provider}/callback`;
  }
  tenant = await service.createTenant();
});
afterAll(async () => {
  await service.close();
  await slack.close();
  await teams.close();
});

const begin = (id: string, headers?: Record<string, string>) =>
  tenant.graphql(
    'mutation ($id: ID!) { beginIntegrationOAuth(input: { id: $id }) { authorizationUrl } }',
    { id },
    ...(headers ? [headers] : []),
  );

/** Goes to the provider as the operator's browser does; returns where it is sent back to. */
async function consent(id: string, headers?: Record<string, string>): Promise<string> {
  const { authorizationUrl } = dataOf(await begin(id, headers)).beginIntegrationOAuth;
  const page = await fetch(authorizationUrl, { redirect: 'manual' });
  const back = page.headers.get('location');
  if (!back) throw new Error(`${authorizationUrl}: ${page.status} ${await page.text()}`);
  return back;
}

/** Comes back; what stands in front of the service has taken the path of PUBLIC_URL away. */
async function comeBack(to: string, method = 'GET') {
  const response = await service.app.fetch(new Request(to.replace('/graph/oauth', '/oauth'), { method }));
  return { status: response.status, headers: response.headers, page: await response.text() };
}

const stateOf = (url: string) => new URL(url).searchParams.get('state') as string;
const configOf = async (id: string) =>
  dataOf(
    await tenant.graphql('{ integrationConfigs { id connected workspaceName disconnectedReason } }'),
  ).integrationConfigs.find((config: { id: string }) => config.id === id);

const providers = ['slack', 'teams'] as const;
const fakes = () => ({ slack, teams });

describe.each(providers)('signing in to %s', (provider) => {
  test('connects the integration, and says whose and what', async () => {
    const id = await createConfig(tenant, provider);
    const back = await consent(id);
    const { status, page, headers } = await comeBack(back);
    expect(status, page).toBe(200);
    expect(page).toContain('is connected');
    expect(page).toContain('Fake');
    expect(page).toContain(`Tenant ${tenant.id}`);
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';.*frame-ancestors 'none'/);
    expect(page).not.toContain('secret');
    expect(page).not.toContain(stateOf(back));
    expect(await configOf(id)).toMatchObject({
      connected: true,
      workspaceName: expect.stringContaining('Fake'),
      disconnectedReason: null,
    });
  });

  test('keeps nothing readable of what went to and fro', async () => {
    const id = await createConfig(tenant, provider);
    const back = await consent(id);
    const kept = JSON.stringify(await rowsOf(service.app.database, tenant.id));
    expect(kept).not.toContain(stateOf(back));
    await comeBack(back);
    const rows = await rowsOf(service.app.database, tenant.id);
    expect(rows['oauth_state']).toEqual([]);
    expect(JSON.stringify(rows)).not.toContain('secret-');
  });

  test('is good for one return', async () => {
    const id = await createConfig(tenant, provider);
    const back = await consent(id);
    const answers = await Promise.all(Array.from({ length: 8 }, () => comeBack(back)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(7).fill(400)]);
    dataOf(
      await tenant.graphql(
        'mutation ($id: ID!) { disconnectIntegration(input: { id: $id }) { integrationConfig { id } } }',
        {
          id,
        },
      ),
    );
    expect((await comeBack(back)).status).toBe(400);
    expect(await configOf(id)).toMatchObject({ connected: false, disconnectedReason: 'OPERATOR' });
  });

  test('is good for ten minutes', async () => {
    const id = await createConfig(tenant, provider);
    const back = await consent(id);
    const { prisma } = service.app.database;
    const [state] = await prisma.oAuthState.findMany({ where: { tenantId: tenant.id } });
    const life = (state?.expiresAt.getTime() ?? 0) - (state?.createdAt.getTime() ?? 0);
    expect(life).toBe(600_000);
    await prisma.oAuthState.updateMany({
      where: { tenantId: tenant.id },
      data: { expiresAt: new Date(Date.now() - 1_000) },
    });
    const { status, page } = await comeBack(back);
    expect(status).toBe(400);
    expect(page).toContain('expired');
    expect(await configOf(id)).toMatchObject({ connected: false });
    // Who begins again sweeps up.
    await consent(id);
    expect(await prisma.oAuthState.count({ where: { tenantId: tenant.id } })).toBe(1);
  });

  test('declined, it is over', async () => {
    fakes()[provider].authorization.consent = 'declined';
    const id = await createConfig(tenant, provider, 'xoxb-old');
    const back = await consent(id);
    const { status, page } = await comeBack(back);
    expect([status, page.includes('declined')]).toEqual([403, true]);
    expect((await comeBack(back)).status).toBe(400);
    expect(await configOf(id)).toMatchObject({ connected: true, workspaceName: null });
  });

  test('with a code that the provider did not give, nothing is connected', async () => {
    const id = await createConfig(tenant, provider);
    const back = new URL(await consent(id));
    back.searchParams.set('code', 'code-secret-made-up');
    const { status, page } = await comeBack(back.href);
    expect(status).toBe(400);
    expect(page).not.toContain('secret');
    expect(await configOf(id)).toMatchObject({ connected: false });
  });

  test('without a code, or with an error of another kind, nothing is connected', async () => {
    for (const query of ['', '&code=', '&error=server_error&error_description=%3Cscript%3E']) {
      const id = await createConfig(tenant, provider);
      const state = stateOf(await consent(id));
      const { status, page } = await comeBack(`${publicUrl}/oauth/${provider}/callback?state=${state}${query}`);
      expect(status).toBe(400);
      expect(page).not.toContain('script');
      expect(await configOf(id)).toMatchObject({ connected: false });
    }
  });

  test('a state is of one provider, and of one tenant', async () => {
    const id = await createConfig(tenant, provider);
    const back = await consent(id);
    const other = provider === 'slack' ? 'teams' : 'slack';
    expect((await comeBack(back.replace(`/oauth/${provider}/`, `/oauth/${other}/`))).status).toBe(400);
    // Nobody is shown a code that is another's.
    expect(fakes()[other].requests).toEqual([]);
    expect(await configOf(id)).toMatchObject({ connected: false });

    // The same random part, said to be another tenant's.
    const second = new URL(await consent(id));
    const bytes = Buffer.from(stateOf(second.href), 'base64url');
    const { id: elsewhere } = await service.createTenant();
    Buffer.from(elsewhere.replaceAll('-', ''), 'hex').copy(bytes);
    const forged = new URL(second);
    forged.searchParams.set('state', bytes.toString('base64url'));
    expect((await comeBack(forged.href)).status).toBe(400);
    expect((await comeBack(second.href)).status).toBe(200);
  });

  test.each(['server-error', 'nonsense', 'html', 'oversize', 'redirect-loop', 'cut-short'] as const)(
    'a provider with trouble (%s) leaves everything as it was',
    async (trouble) => {
      const id = await createConfig(tenant, provider);
      const back = await consent(id);
      fakes()[provider].apiTrouble = trouble;
      const { status, page } = await comeBack(back);
      expect(status).toBe(502);
      expect(page).not.toContain('secret');
      expect(await configOf(id)).toMatchObject({ connected: false });
    },
  );

  test('a provider that asks to wait is passed on', async () => {
    const id = await createConfig(tenant, provider);
    const back = await consent(id);
    Object.assign(fakes()[provider], { apiTrouble: 'rate-limited', retryAfter: '17' });
    const { status, headers } = await comeBack(back);
    expect([status, headers.get('retry-after')]).toEqual([429, '17']);
  });

  test('a service that the provider does not know is told so', async () => {
    fakes()[provider].authorization.clientSecret = 'another';
    const { status, page } = await comeBack(await consent(await createConfig(tenant, provider)));
    expect(status).toBe(502);
    expect(page).toMatch(/answered with the error (bad_client_secret|invalid_client)/);
    expect(page).not.toContain('client-secret');
  });

  test('a key that was revoked meanwhile connects nothing', async () => {
    const id = await createConfig(tenant, provider);
    const key = await createAccessKey(tenant, ['INTEGRATIONS_WRITE']);
    const revoked = await consent(id, key.headers);
    const standing = await consent(id, (await createAccessKey(tenant, ['ADMIN'])).headers);
    dataOf(
      await tenant.graphql('mutation ($id: ID!) { revokeKey(input: { id: $id }) { key { id } } }', { id: key.id }),
    );
    expect((await comeBack(revoked)).status).toBe(403);
    expect(await configOf(id)).toMatchObject({ connected: false });
    expect((await comeBack(standing)).status).toBe(200);
  });

  test('names are only text on the page', async () => {
    fakes()[provider].authorization.workspaceName = '"><img src=x onerror=alert(1)>\u202e';
    const created = dataOf(
      await tenant.graphql(
        'mutation ($input: CreateIntegrationConfigInput!) { createIntegrationConfig(input: $input) { integrationConfig { id } } }',
        { input: { provider, name: '<script>alert(1)</script> & co' } },
      ),
    );
    const { page } = await comeBack(await consent(created.createIntegrationConfig.integrationConfig.id));
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; co');
    expect(page).toContain('&quot;&gt;&lt;img');
    expect(page).not.toMatch(/<script|<img|\u202e/);
  });
});

describe('the way there', () => {
  test('to Slack asks for what a picture needs', async () => {
    const { authorizationUrl } = dataOf(await begin(await createConfig(tenant, 'slack'))).beginIntegrationOAuth;
    const { origin, pathname, searchParams } = new URL(authorizationUrl);
    expect(origin + pathname).toBe(`http://${slack.host}/oauth/v2/authorize`);
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: 'client-id',
      scope: 'users:read',
      redirect_uri: `${publicUrl}/oauth/slack/callback`,
      state: expect.stringMatching(/^[\w-]{64}$/),
    });
  });

  test('to Teams has a proof key, and both are new each time', async () => {
    const id = await createConfig(tenant, 'teams');
    const queries = await Promise.all(
      [1, 2].map(async () => new URL(dataOf(await begin(id)).beginIntegrationOAuth.authorizationUrl).searchParams),
    );
    for (const name of ['state', 'code_challenge'])
      expect(new Set(queries.map((query) => query.get(name))).size).toBe(2);
    expect(queries[0]?.get('code_challenge_method')).toBe('S256');
    // The code alone is not enough: the fake checks the proof.
    await consent(id);
  });

  test.each(['telegram', 'discord', 'email', 'sms', 'pigeon'])('to %s there is none', async (provider) => {
    const answer = await begin(await createConfig(tenant, provider));
    expect(problemOf(answer)).toEqual({ code: 'UNPROCESSABLE', status: 422 });
  });

  test('to where there is no config there is none', async () => {
    for (const id of ['0198f000-0000-7000-8000-000000000000', 'x']) {
      expect(problemOf(await begin(id))).toEqual({ code: 'INTEGRATION_CONFIG_NOT_FOUND', status: 404 });
    }
  });

  test('needs the scope', async () => {
    const id = await createConfig(tenant, 'slack');
    const { headers } = await createAccessKey(tenant, ['PARTICIPANTS_WRITE']);
    expect(problemOf(await begin(id, headers))).toEqual({ code: 'FORBIDDEN', status: 403 });
  });

  test('needs a service that the provider knows', async () => {
    const without = await startApp();
    const id = await createConfig(without.tenant, 'slack');
    const answer = await without.tenant.graphql(
      'mutation ($id: ID!) { beginIntegrationOAuth(input: { id: $id }) { authorizationUrl } }',
      { id },
    );
    expect(problemOf(answer)).toEqual({ code: 'UNPROCESSABLE', status: 422 });
    expect(answer.errors?.[0]?.message).toContain('not set up');
    await without.close();
  });
});

describe('the way back', () => {
  test.each(['', '?state=', '?state=x&code=y', `?state=${'A'.repeat(64)}&code=y`, `?code=y&error=access_denied`])(
    'without a state of ours (%j) asks nobody',
    async (query) => {
      const { status } = await comeBack(`${publicUrl}/oauth/slack/callback${query}`);
      expect(status).toBe(400);
      expect(slack.requests).toEqual([]);
    },
  );

  test('of a provider that nobody can be sent to is not there', async () => {
    expect((await comeBack(`${publicUrl}/oauth/UPPER/callback`)).status).toBe(404);
    expect((await comeBack(`${publicUrl}/oauth/pigeon/callback`)).status).toBe(400);
  });

  test('is no way for anything but a GET', async () => {
    const id = await createConfig(tenant, 'slack');
    const back = await consent(id);
    for (const method of ['HEAD', 'POST', 'DELETE']) expect((await comeBack(back, method)).status).toBe(405);
    expect((await comeBack(back)).status).toBe(200);
  });
});

test('the token that Slack gave is the one that is used', async () => {
  slack.tokens.clear();
  slack.users.set('U0ADA', { image: await png() });
  const id = await createConfig(tenant, 'slack');
  await comeBack(await consent(id));
  const participantId = await createParticipant(tenant, { channels: [{ integrationConfigId: id, address: 'U0ADA' }] });
  dataOf(
    await tenant.graphql(
      'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
      { input: { participantId, integrationConfigId: id, address: 'U0ADA' } },
    ),
  );
  const { tokenCiphertext } = await service.app.database.prisma.integrationConfig.findFirstOrThrow({ where: { id } });
  const token = createTokenCipher(secretKey).open(tokenCiphertext ?? '', id);
  expect(slack.requests.find(({ path }) => path === '/api/users.info')?.authorization).toBe(`Bearer ${token}`);
});
