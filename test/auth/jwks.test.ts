import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../app.ts';
import { audience, issuer, sign, signIn } from './tokens.ts';

/** An identity provider's key set. */
const keySet: { keys: JWK[]; answer: 'well' | 'error' | 'nonsense' | 'no keys' | 'hang up'; asked: number } = {
  keys: [],
  answer: 'well',
  asked: 0,
};
let server: Server;
let jwksUrl: string;
const realNow = Date.now;

beforeAll(async () => {
  server = createServer((_, response) => {
    keySet.asked += 1;
    if (keySet.answer === 'hang up') response.destroy();
    else if (keySet.answer === 'error') response.writeHead(500).end('{"keys":[]}');
    else if (keySet.answer === 'nonsense') response.end('<html>');
    else if (keySet.answer === 'no keys') response.end('{"error":"nothing here"}');
    else response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: keySet.keys }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
});
afterEach(() => {
  Date.now = realNow;
  keySet.answer = 'well';
});
afterAll(() => new Promise((closed) => server.close(closed)));

async function newKey(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  keySet.keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' });
  return (service: TestApp, claims: Record<string, string> = {}) =>
    sign(privateKey, { tenant: service.tenant.id, ...claims }, { alg: 'RS256', kid });
}

const start = () => startApp({ JWT_JWKS_URL: jwksUrl, JWT_ISSUER: issuer, JWT_AUDIENCE: audience });
const bearer = async (service: TestApp, token: string | Promise<string>) =>
  signIn(service, { authorization: `Bearer ${await token}` });

describe('a key set', () => {
  test('is fetched once, and again when a token names a key it lacks', async () => {
    keySet.keys = [];
    const old = await newKey('2025');
    const service = await start();
    const asked = keySet.asked;
    expect(await bearer(service, old(service))).toEqual([200, 'USER']);
    expect(await bearer(service, old(service))).toEqual([200, 'USER']);
    expect(keySet.asked).toBe(asked + 1);

    const rotated = await newKey('2026');
    Date.now = () => realNow() + 60_000;
    expect(await bearer(service, rotated(service))).toEqual([200, 'USER']);
    expect(keySet.asked).toBe(asked + 2);

    keySet.keys = [];
    const stranger = await newKey('stranger');
    keySet.keys = [];
    expect(await bearer(service, stranger(service))).toEqual([401, 'UNAUTHENTICATED']);
    await service.close();
  });

  test.each(['hang up', 'error', 'nonsense', 'no keys'] as const)(
    'that cannot be had (%s) says nothing about a token',
    async (trouble) => {
      keySet.keys = [];
      const key = await newKey('a');
      const service = await start();
      keySet.answer = trouble;
      const { status, headers, errors } = await service.tenant.graphql(
        '{ viewer { kind } }',
        {},
        { authorization: `Bearer ${await key(service)}` },
      );
      expect([status, errors?.[0]?.extensions]).toMatchObject([
        503,
        { code: 'UNAVAILABLE', status: 503, retryAfter: 5 },
      ]);
      expect(headers.get('retry-after')).toBe('5');

      keySet.answer = 'well';
      expect(await bearer(service, key(service))).toEqual([200, 'USER']);
      await service.close();
    },
  );

  test('that cannot be had does not matter to a token that is no token, or of a kind that is not allowed', async () => {
    const service = await start();
    keySet.answer = 'hang up';
    expect(await bearer(service, 'nonsense')).toEqual([401, 'UNAUTHENTICATED']);
    const token = sign(new Uint8Array(32), { tenant: service.tenant.id }, { alg: 'HS256' });
    expect(await bearer(service, token)).toEqual([401, 'UNAUTHENTICATED']);
    await service.close();
  });

  test.each(['hang up', 'error', 'nonsense'] as const)(
    'that cannot be had any more (%s): the keys that are known serve on for a day',
    async (trouble) => {
      keySet.keys = [];
      const key = await newKey('known');
      const service = await start();
      // Tokens that nobody has seen before.
      const fresh = () => key(service, { nonce: String(Math.random()) });
      expect(await bearer(service, fresh())).toEqual([200, 'USER']);

      keySet.answer = trouble;
      const at = (hours: number) => {
        Date.now = () => realNow() + hours * 3_600_000;
      };
      for (const hours of [0.2, 1, 23]) {
        at(hours);
        expect(await bearer(service, fresh()), `after ${hours} hours`).toEqual([200, 'USER']);
      }
      at(23.5);
      const unknown = await newKey('unknown');
      expect(await bearer(service, unknown(service))).toEqual([503, 'UNAVAILABLE']);
      at(25);
      expect(await bearer(service, fresh())).toEqual([503, 'UNAVAILABLE']);

      keySet.answer = 'well';
      expect(await bearer(service, fresh())).toEqual([200, 'USER']);
      expect(await bearer(service, unknown(service))).toEqual([200, 'USER']);
      await service.close();
    },
  );

  test('that has lost a key ends it after ten minutes, and is asked once by many', async () => {
    keySet.keys = [];
    const old = await newKey('old');
    const kept = await newKey('kept');
    const service = await start();
    const fresh = (key: typeof old) => key(service, { nonce: String(Math.random()) });
    expect(await bearer(service, fresh(old))).toEqual([200, 'USER']);
    keySet.keys = keySet.keys.filter(({ kid }) => kid === 'kept');
    Date.now = () => realNow() + 10 * 60_000 + 1_000;
    const asked = keySet.asked;
    const answers = await Promise.all([
      bearer(service, fresh(old)),
      ...Array.from({ length: 10 }, () => bearer(service, fresh(kept))),
    ]);
    expect(answers).toEqual([[401, 'UNAUTHENTICATED'], ...Array.from({ length: 10 }, () => [200, 'USER'])]);
    expect(keySet.asked).toBe(asked + 1);
    await service.close();
  });
});
