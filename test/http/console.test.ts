import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Console, type ConsoleSettings, createConsole, pages } from '../../src/http/console.ts';

const script = 'console.log("the console")';
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-console-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), '<html><head><title>Rollcall</title></head></html>');
  writeFileSync(join(folder, 'assets', 'index-1.js'), script);
  writeFileSync(join(folder, 'assets', 'index-1.js.br'), brotliCompressSync(script));
  writeFileSync(join(folder, 'assets', 'index-1.js.map'), '{}');
});
afterAll(() => rmSync(folder, { recursive: true }));

function served(settings: ConsoleSettings = { token: null, openId: null, largestImport: 1_000_000 }): Console {
  const made = createConsole({ folder, settings: async () => settings, pictures: 'https://pictures.example' });
  if (!made) throw new Error('there is no build');
  return made;
}

const html = { accept: 'text/html,application/xhtml+xml' };
const ask = (path: string, headers: Record<string, string> = html, by = served()) =>
  by.answer(new Request(`http://localhost${path}`, { headers }), new URL(`http://localhost${path}`).pathname, {});

/** The answer, which there must be. */
async function answered(...question: Parameters<typeof ask>): Promise<Response> {
  const response = await ask(...question);
  if (!response) throw new Error(`${question[0]} is not served`);
  return response;
}

describe('the console', () => {
  test('answers each of its pages, at any depth, for a browser', async () => {
    for (const page of pages) {
      expect((await answered(`/${page}`)).status, page).toBe(200);
      if (page === '') continue;
      expect((await answered(`/${page}/x/y?q=z`)).headers.get('content-type'), page).toBe('text/html; charset=utf-8');
    }
  });

  test('leaves everything else to the other paths, and every path to API clients', async () => {
    for (const path of ['/graphql', '/v1/tenants', '/workspaces/x', '/external/users', '/files/x', '/nowhere'])
      expect(await ask(path), path).toBeNull();
    expect(await ask('/', { accept: 'application/json' })).toBeNull();
    expect(await ask('/inbox', {})).toBeNull();
    expect(await served().answer(new Request('http://localhost//x', { headers: html }), '//x', {})).toBeNull();
    expect(await ask('/assets/index-2.js')).toBeNull();
    expect(await ask('/assets/index-1.js.map')).toBeNull();
    expect(await ask('/assets/..%2findex.html')).toBeNull();
  });

  test('lets no script run but its own, and sits in no frame', async () => {
    const { headers } = await answered('/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain(`default-src 'none'`);
    expect(policy).toContain(`script-src 'self'`);
    expect(policy).toContain(`frame-ancestors 'none'`);
    expect(policy).toContain(`img-src 'self' data: blob: https://pictures.example;`);
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });

  test('asks an identity provider only where one is named', async () => {
    const openId = { issuer: 'https://login.example/tenant', clientId: 'console', audience: 'rollcall' };
    const policy = async (settings: ConsoleSettings) =>
      (await answered('/', html, served(settings))).headers.get('content-security-policy');
    expect(await policy({ token: null, openId, largestImport: 1_000_000 })).toContain(
      `connect-src 'self' https://login.example;`,
    );
    expect(await policy({ token: null, openId: null, largestImport: 1_000_000 })).toContain(`connect-src 'self';`);
  });

  test('is told its settings as data, and is kept nowhere with a token', async () => {
    const settings = { token: 'a</script>b', openId: null, largestImport: 1_000_000 };
    const response = await answered('/', html, served(settings));
    const [, told] = /<script type="application\/json" id="settings">(.*?)<\/script>/.exec(await response.text()) ?? [];
    expect(JSON.parse(told ?? '')).toEqual(settings);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('is read again only when it has changed', async () => {
    const etag = (await answered('/')).headers.get('etag') ?? '';
    expect((await answered('/inbox', { ...html, 'if-none-match': etag })).status).toBe(304);
    expect((await answered('/inbox', { ...html, 'if-none-match': '"other"' })).status).toBe(200);
  });
});

describe('an asset', () => {
  test('is kept for ever, compressed where the client takes that', async () => {
    const plain = await answered('/assets/index-1.js', {});
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(plain.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(script);
    const small = await answered('/assets/index-1.js', { 'accept-encoding': 'gzip, br' });
    expect(small.headers.get('content-encoding')).toBe('br');
    expect(small.headers.get('vary')).toBe('Accept-Encoding');
    expect(brotliDecompressSync(await small.arrayBuffer()).toString()).toBe(script);
    const refused = await answered('/assets/index-1.js', { 'accept-encoding': 'gzip, br;q=0' });
    expect(refused.headers.get('content-encoding')).toBeNull();
  });
});

test('without a build there is no console', () => {
  const none = join(folder, 'nothing');
  expect(
    createConsole({
      folder: none,
      settings: async () => ({ token: null, openId: null, largestImport: 1_000_000 }),
      pictures: null,
    }),
  ).toBeNull();
});
