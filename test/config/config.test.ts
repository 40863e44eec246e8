import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, readConfig } from '../../src/config.ts';

/** The faults of an environment, a line each. */
function faultsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
}

const production = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgresql://db/rollcall',
  SECRET_KEY: 's'.repeat(32),
  PUBLIC_URL: 'https://rollcall.example.com',
  JWT_ISSUER: 'https://login.example.com',
  JWT_AUDIENCE: 'rollcall',
  JWT_JWKS_URL: 'https://login.example.com/jwks.json',
};

describe('without configuration', () => {
  test('the service is for trying it on this machine', () => {
    expect(readConfig({})).toMatchObject({
      production: false,
      host: '127.0.0.1',
      port: 4_000,
      publicUrl: null,
      databaseUrl: null,
      redisUrl: null,
      storageUrl: 'file:.data/files',
      secretKey: null,
      graphiql: true,
      introspection: true,
      demo: true,
      corsOrigins: [],
      rateLimit: 0,
      egressAllow: [],
    });
    expect(readConfig({}).jwt.key).toBeNull();
  });

  test('what is empty is as good as absent', () => {
    const empty = Object.fromEntries(Object.keys(production).map((name) => [name, '']));
    expect(readConfig({ ...empty, PORT: '', GRAPHIQL: '' })).toEqual(readConfig({}));
  });
});

describe('in production', () => {
  test('everything that is missing is said at once', () => {
    expect(faultsOf({ NODE_ENV: 'production', DEMO: 'on' })).toEqual([
      'DATABASE_URL is needed in production',
      'SECRET_KEY is needed in production',
      'PUBLIC_URL is needed in production',
      'JWT_ISSUER is needed in production',
      'JWT_AUDIENCE is needed in production',
      'JWT_JWKS_URL or JWT_PUBLIC_KEY is needed in production',
      'DEMO must not be on in production',
    ]);
  });

  test.each(Object.keys(production).filter((name) => name !== 'NODE_ENV'))('%s is needed', (name) => {
    const { [name]: _, ...rest } = production as Record<string, string>;
    expect(faultsOf(production)).toEqual([]);
    expect(faultsOf(rest)).toHaveLength(1);
    expect(faultsOf(rest)[0]).toContain(name);
  });

  test('nothing is shown or tried out unless asked for', () => {
    expect(readConfig(production)).toMatchObject({
      production: true,
      host: '0.0.0.0',
      graphiql: false,
      introspection: false,
      demo: false,
    });
    expect(readConfig({ ...production, GRAPHIQL: 'on' })).toMatchObject({ graphiql: true, introspection: true });
    expect(readConfig({ ...production, INTROSPECTION: 'on' })).toMatchObject({ graphiql: false, introspection: true });
  });
});

describe('faults', () => {
  test('are all said at once, each by its variable’s name', () => {
    const faults = faultsOf({
      NODE_ENV: 'prod',
      PORT: '99999',
      PUBLIC_URL: 'rollcall.example.com',
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://db',
      DATABASE_POOL_SIZE: '0',
      DATABASE_DISTRIBUTED: 'yes',
      DATABASE_READ_URL: 'postgresql://db/rollcall?target_session_attrs=primary',
      DATABASE_READ_LAG_MS: '1',
      REDIS_URL: 'http://redis',
      SECRET_KEY: 'short',
      JWT_JWKS_URL: 'ftp://keys',
      JWT_PUBLIC_KEY: 'ssh-rsa AAAA',
      GRAPHIQL: 'yes',
      OIDC_ISSUER: 'login',
      FEDERATION: 'yes',
      RATE_LIMIT: '1.5',
      PROVIDER_TIMEOUT_MS: 'soon',
      EGRESS_ALLOW: 'localhost',
    });
    const named = new Set(faults.map((line) => line.split(' ')[0]));
    for (const name of [
      'NODE_ENV',
      'PORT',
      'PUBLIC_URL',
      'LOG_LEVEL',
      'DATABASE_URL',
      'DATABASE_POOL_SIZE',
      'DATABASE_DISTRIBUTED',
      'DATABASE_READ_URL',
      'DATABASE_READ_LAG_MS',
      'REDIS_URL',
      'SECRET_KEY',
      'JWT_JWKS_URL',
      'JWT_PUBLIC_KEY',
      'GRAPHIQL',
      'OIDC_ISSUER',
      'FEDERATION',
      'RATE_LIMIT',
      'PROVIDER_TIMEOUT_MS',
      'EGRESS_ALLOW',
    ]) {
      expect(named, faults.join('\n')).toContain(name);
    }
  });

  test('of the file of trusted documents are all told', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rollcall-trusted-'));
    const faultsOfFile = (text: string) => {
      const file = join(folder, 'documents.json');
      writeFileSync(file, text);
      return faultsOf({ TRUSTED_DOCUMENTS: file }).map((fault) => fault.replace(/: \S+$/, ''));
    };
    expect(faultsOfFile('{ "a": 1, "": "{ a }", "b": "{ b }", "sha256:b": "{ b }" }')).toEqual([
      'TRUSTED_DOCUMENTS names a file whose document a is not a text',
      'TRUSTED_DOCUMENTS names a file with an empty id',
      'TRUSTED_DOCUMENTS names a file that has the document b twice',
    ]);
    for (const text of ['[]', 'null', '"x"'])
      expect(faultsOfFile(text)).toEqual([
        'TRUSTED_DOCUMENTS names a file that is not a JSON object of ids and documents',
      ]);
    expect(faultsOfFile('{')).toEqual(['TRUSTED_DOCUMENTS names a file that is not JSON']);
    rmSync(folder, { recursive: true });
    expect(faultsOf({ TRUSTED_DOCUMENTS: join(folder, 'none.json'), PORT: 'x' })).toEqual([
      'PORT must be a number',
      expect.stringMatching(/^TRUSTED_DOCUMENTS names a file that cannot be read \(ENOENT\): /),
    ]);
    expect(faultsOf({ TRUSTED_DOCUMENTS_ONLY: 'on' })).toEqual([]);
    expect(faultsOf({ TRUSTED_DOCUMENTS_ONLY: 'on', CONSOLE: 'off' })).toEqual([
      'TRUSTED_DOCUMENTS_ONLY needs TRUSTED_DOCUMENTS or the console: without documents nothing would run',
    ]);
  });

  test('do not repeat secrets', () => {
    expect(faultsOf({ SECRET_KEY: 'hunter2', DATABASE_URL: 'postgres-typo://user:hunter2@db' }).join()).not.toContain(
      'hunter2',
    );
  });

  test.each(['HS256', 'none', 'RS256,HS512', ','])('JWT_ALGORITHMS may not be %s', (JWT_ALGORITHMS) => {
    expect(faultsOf({ JWT_ALGORITHMS })).toHaveLength(1);
  });

  test.each([
    ['JWT_PUBLIC_KEY', '-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----'],
    ['EGRESS_ALLOW', 'slack.example:99999'],
    ['STORAGE_URL', 'file:'],
    ['STORAGE_URL', 's3://B'],
    ['STORAGE_URL', 'ftp://files'],
    ['CORS_ORIGINS', 'https://inbox.example/path'],
    ['GRAVATAR_URL', 'on'],
    ['SLACK_CLIENT_ID', 'alone'],
    ['TEAMS_CLIENT_SECRET', 'alone'],
  ])('%s may not be %s', (name, value) => {
    expect(faultsOf({ JWT_ISSUER: 'us', JWT_AUDIENCE: 'us', [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  test('one key at a time, and with its issuer', () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .publicKey.export({ type: 'spki', format: 'pem' })
      .toString();
    expect(faultsOf({ ...production, JWT_PUBLIC_KEY: key })).toEqual([
      'JWT_JWKS_URL and JWT_PUBLIC_KEY exclude each other',
    ]);
    expect(faultsOf({ JWT_PUBLIC_KEY: key })).toEqual(['JWT_ISSUER and JWT_AUDIENCE are needed with a JWT key']);
  });
});

test('e-mail addresses are asked about at Gravatar in development, and else only where that is said', () => {
  expect(readConfig({}).gravatarUrl).toBe('https://gravatar.com/avatar/');
  expect(readConfig(production).gravatarUrl).toBeNull();
  expect(readConfig({ ...production, GRAVATAR_URL: 'https://gravatar.com/avatar/' }).gravatarUrl).toBe(
    'https://gravatar.com/avatar/',
  );
  expect(readConfig({ GRAVATAR_URL: 'off' }).gravatarUrl).toBeNull();
  expect(readConfig({ NODE_ENV: 'test' }).gravatarUrl).toBeNull();
  expect(readConfig({ NODE_ENV: 'test', GRAVATAR_URL: 'http://127.0.0.1:1/' }).gravatarUrl).toBe('http://127.0.0.1:1/');
});

test('who signs in at a provider needs an id and a secret', () => {
  expect(readConfig({}).oauthClients).toEqual({ slack: null, teams: null });
  expect(readConfig({ SLACK_CLIENT_ID: 'a', SLACK_CLIENT_SECRET: 'b' }).oauthClients).toEqual({
    slack: { id: 'a', secret: 'b' },
    teams: null,
  });
});

test('everything that is wrong with a storage is said at once', () => {
  const faults = faultsOf({ STORAGE_URL: 's3://key:hunter2@b/x?regoin=eu&forcePathStyle=1' });
  expect(faults).toHaveLength(4);
  expect(faults.every((fault) => fault.startsWith('STORAGE_URL '))).toBe(true);
  expect(faults.join()).not.toContain('hunter2');
});

test('lists are split at commas, and addresses lose the slash at their end', () => {
  const config = readConfig({
    CORS_ORIGINS: ' https://a.example, https://b.example,',
    EGRESS_ALLOW: '127.0.0.1:80,[::1]:8080',
    PUBLIC_URL: 'https://x.example//',
  });
  expect(config.corsOrigins).toEqual(['https://a.example', 'https://b.example']);
  expect(config.egressAllow).toEqual(['127.0.0.1:80', '[::1]:8080']);
  expect(config.publicUrl).toBe('https://x.example');
});

test('the README describes every variable', () => {
  const source = readFileSync('src/config.ts', 'utf8');
  const names = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name as string);
  expect(names.length).toBeGreaterThan(20);
  const readme = existsSync('README.md') ? readFileSync('README.md', 'utf8') : '';
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
