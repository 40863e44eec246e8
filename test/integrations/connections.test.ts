import { describe, expect, test } from 'vitest';
import { TokenRefused } from '../../src/egress/provider-problems.ts';
import { Problem } from '../../src/errors/catalogue.ts';
import { dataOf, problemOf } from '../app.ts';
import { createConfig } from '../factories.ts';
import { cipher, useTokens } from './tokens.ts';

const { teams, service, tenant, connections, current, db, row, config, store, ended, sync, health } = useTokens();

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
        { id: current.id },
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
      const outcome = connections.use(
        db(),
        { id: current.id, provider: 'teams', tokenCiphertext },
        async (token) => token,
      );
      await expect(outcome).rejects.toMatchObject({ code: 'INTEGRATION_NOT_CONNECTED' });
    }
  });

  test('is none for a provider that needs none', async () => {
    const outcome = connections.use(
      db(),
      { id: current.id, provider: 'email', tokenCiphertext: null },
      async (token) => token,
    );
    expect(await outcome).toBeNull();
  });
});

test('a token that looks like one that was stored is still a token', async () => {
  for (const token of ['{', '{}', '{"access":"x"}', 'null', '"x"']) {
    await store(token);
    expect(await connections.use(db(), await config(), async (given) => given)).toBe(token);
  }
});
