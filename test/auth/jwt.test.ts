import { type CryptoKey, exportSPKI, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { dataOf, startApp, type TestApp } from '../app.ts';
import { audience, issuer, sign, signIn } from './tokens.ts';

let service: TestApp;
let key: CryptoKey;
let publicKeyPem: string;
beforeAll(async () => {
  const pair = await generateKeyPair('ES256', { extractable: true });
  key = pair.privateKey;
  publicKeyPem = await exportSPKI(pair.publicKey);
  service = await startApp({ JWT_PUBLIC_KEY: publicKeyPem, JWT_ISSUER: issuer, JWT_AUDIENCE: audience });
});
afterAll(() => service.close());

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const signed = (claims: Record<string, unknown> = {}) => sign(key, { tenant: service.tenant.id, ...claims });
const seconds = (from: number) => Math.floor(Date.now() / 1_000) + from;
const refused = [401, 'UNAUTHENTICATED'];

describe('a bearer token', () => {
  test('that verifies is its subject’s, in its tenant, with its scopes', async () => {
    const token = await signed({ scope: 'participants:read nonsense users:write' });
    const { viewer } = dataOf(
      await service.tenant.graphql('{ viewer { kind tenant { id } agent { id } scopes } }', {}, bearer(token)),
    );
    expect(viewer).toEqual({
      kind: 'USER',
      tenant: { id: service.tenant.id },
      agent: null,
      scopes: ['PARTICIPANTS_READ', 'USERS_WRITE'],
    });
  });

  test.each([
    ['another issuer', { iss: 'https://login.evil.example.com' }],
    ['no issuer', { iss: null }],
    ['another audience', { aud: 'someone-else' }],
    ['no audience', { aud: null }],
    ['no end', { exp: null }],
    ['an end in the past', { exp: seconds(-60) }],
    ['a beginning in the future', { nbf: seconds(60) }],
    ['no subject', { sub: null }],
    ['no tenant', { tenant: null }],
    ['a tenant that is no UUID', { tenant: 'demo' }],
    ['a tenant that is no text', { tenant: ['x'] }],
    ['a tenant that does not exist', { tenant: '0198f000-0000-7000-8000-000000000000' }],
  ] as [string, Record<string, unknown>][])('with %s is refused', async (_, claims) => {
    expect(await signIn(service, bearer(await signed(claims)))).toEqual(refused);
  });

  test.each(['ES256', 'RS256', 'PS256', 'EdDSA', 'ES384'])('signed by another key (%s) is refused', async (alg) => {
    const { privateKey } = await generateKeyPair(alg);
    const token = await sign(privateKey, { tenant: service.tenant.id }, { alg });
    expect(await signIn(service, bearer(token))).toEqual(refused);
  });

  test('signed with the public key as a shared secret is refused', async () => {
    const token = await sign(new TextEncoder().encode(publicKeyPem), { tenant: service.tenant.id }, { alg: 'HS256' });
    expect(await signIn(service, bearer(token))).toEqual(refused);
  });

  test('that says it needs no signature is refused', async () => {
    const [, payload, signature] = (await signed()).split('.');
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await signIn(service, bearer(`${header}.${payload}.`))).toEqual(refused);
    expect(await signIn(service, bearer(`${header}.${payload}.${signature}`))).toEqual(refused);
  });

  test('whose claims were changed is refused', async () => {
    const [header, , signature] = (await signed()).split('.');
    const [, other] = (await signed({ sub: 'eve' })).split('.');
    expect(await signIn(service, bearer(`${header}.${other}.${signature}`))).toEqual(refused);
  });

  test('that was good is refused once it has expired', async () => {
    const token = await signed({ exp: seconds(600) });
    expect(await signIn(service, bearer(token))).toEqual([200, 'USER']);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 660_000 });
    expect(await signIn(service, bearer(token))).toEqual(refused);
    vi.useRealTimers();
  });
});

describe('a credential', () => {
  test('is needed, and told how to be given', async () => {
    const { status, headers, errors } = await service.tenant.graphql('{ viewer { kind } }', {}, {});
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe('Bearer, AccessKey');
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });

  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Basic dXNlcjpwYXNz',
    'Bearer a b',
    'nonsense',
    'AccessKey x',
    'Bearer ..',
    'Bearer \u00e9',
  ])('of the form "%s" is refused', async (authorization) => {
    expect(await signIn(service, { authorization })).toEqual(refused);
  });

  test('must come alone', async () => {
    const authorization = `Bearer ${await signed()}`;
    expect(await signIn(service, { authorization })).toEqual([200, 'USER']);
    expect(await signIn(service, { authorization, 'agent-secret-key': 'rcs_000000000000_x' })).toEqual(refused);
  });

  test('is looked at before the document', async () => {
    const { errors } = await service.tenant.graphql('{ this is not (even GraphQL', {}, {});
    expect(errors?.[0]?.extensions.code).toBe('UNAUTHENTICATED');
  });
});
