import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { AnyStatement } from '../../src/database/sql/statement.ts';
import { createConnections } from '../../src/integrations/connections.ts';
import { readToken } from '../../src/integrations/oauth/stored-token.ts';
import { dataOf, problemOf } from '../app.ts';
import { createConfig } from '../factories.ts';
import { cipher, useTokens } from './tokens.ts';

const { slack, teams, tenant, connections, current, db, row, config, store, ended, sync, health } = useTokens();

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
    current.id = await createConfig(tenant, 'slack');
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
          cipher.open(values.after ?? '', current.id)?.includes('access-0') === false;
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
    expect(readToken(cipher.open(tokenCiphertext as string, current.id) as string).refreshingUntil).toBeGreaterThan(
      Date.now(),
    );
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
