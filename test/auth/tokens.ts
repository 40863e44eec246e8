import { type CryptoKey, SignJWT } from 'jose';
import type { TestApp } from '../app.ts';

export const issuer = 'https://login.example.com';
export const audience = 'rollcall-test';

/** Signs a token as an identity provider would; what is null is left out. */
export async function sign(
  key: CryptoKey | Uint8Array,
  claims: Record<string, unknown>,
  header: { alg: string; kid?: string } = { alg: 'ES256' },
): Promise<string> {
  const all = {
    iss: issuer,
    aud: audience,
    sub: 'ada',
    scope: 'admin',
    iat: Math.floor(Date.now() / 1_000),
    exp: Math.floor(Date.now() / 1_000) + 600,
    ...claims,
  };
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
  return new SignJWT(given).setProtectedHeader(header).sign(key);
}

/** What a request with these headers is told: the HTTP status, and the error's code or else the kind of viewer. */
export async function signIn(service: TestApp, headers: Record<string, string>): Promise<[number, string]> {
  const { status, data, errors } = await service.tenant.graphql('{ viewer { kind tenant { id } } }', {}, headers);
  return [status, errors?.[0]?.extensions.code ?? data.viewer.kind];
}
