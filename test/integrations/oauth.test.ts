import { describe, expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { createAccessKey, createConfig } from '../factories.ts';
import { rowsOf } from '../tenants/world.ts';
import { publicUrl, signingInOf, stateOf, useSigningIn } from './signing-in.ts';

const { slack, teams, service, tenant } = useSigningIn();

const { consent, comeBack } = signingInOf(() => ({ service, tenant }));
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
