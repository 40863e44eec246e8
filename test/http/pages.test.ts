import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataOf, startApp, type TestApp } from '../app.ts';

let service: TestApp;
beforeAll(async () => {
  service = await startApp();
});
afterAll(() => service.close());

const get = (path: string, headers: Record<string, string> = {}, app = service.app) =>
  app.fetch(new Request(path.startsWith('http') ? path : `http://localhost${path}`, { headers, redirect: 'manual' }));

describe('the state of the service', () => {
  test('/healthz says that the process lives, and asks nobody', async () => {
    const before = service.statements.length;
    const response = await get('/healthz');
    expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
    expect(service.statements.length).toBe(before);
  });

  test('/readyz names each part', async () => {
    const response = await get('/readyz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ready: true,
      parts: { database: null, events: null, storage: null },
      degraded: [],
    });
  });

  test('/readyz says which part is missing, and nothing about it', async () => {
    const broken = await startApp({}, (connection) => ({
      ...connection,
      check: () => Promise.reject(new Error('password authentication failed for user "rollcall"')),
    }));
    const response = await get('/readyz', {}, broken.app);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({
      ready: false,
      parts: { database: 'cannot be used', events: null, storage: null },
      degraded: [],
    });
    const text = await (await get('/metrics', {}, broken.app)).text();
    expect(text).toMatch(/^rollcall_part_available\{part="database"\} 0$/m);
    expect(text).toMatch(/^rollcall_part_available\{part="storage"\} 1$/m);
    await broken.close();
  });

  test('/metrics counts requests by status, and errors by code', async () => {
    const headers = { authorization: 'Bearer nonsense' };
    await service.tenant.graphql('{ nobody }');
    await service.tenant.graphql('{ viewer { kind } }', {}, headers);
    dataOf(await service.tenant.graphql('{ viewer { kind } }'));
    await service.tenant.graphql('mutation { revokeKey(input: { id: "x" }) { key { id } } }');
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    const text = await response.text();
    expect(text).toMatch(/^rollcall_http_request_duration_seconds_count\{status="401"\} 1$/m);
    for (const code of ['GRAPHQL_VALIDATION_FAILED', 'UNAUTHENTICATED', 'KEY_NOT_FOUND']) {
      expect(text).toMatch(new RegExp(`^rollcall_graphql_errors_total\\{code="${code}"\\} 1$`, 'm'));
    }
    expect(text).not.toContain('code="INTERNAL"');
    expect(text).toContain('process_cpu_seconds_total');
  });

  test('the front door leads to the graph', async () => {
    const response = await get('/');
    expect([response.status, response.headers.get('location')]).toEqual([302, '/graphql']);
  });
});

describe('the request’s id', () => {
  test('is the caller’s where it is a UUID', async () => {
    const id = '0198F000-0000-7000-8000-00000000ABCD';
    expect((await get('/healthz', { 'x-request-id': id })).headers.get('x-request-id')).toBe(id.toLowerCase());
    const answer = await get('/nowhere', { 'x-request-id': id });
    expect(((await answer.json()) as { instance: string }).instance).toBe(`urn:uuid:${id.toLowerCase()}`);
  });

  test('is a new one where it is anything else', async () => {
    const given = 'x"; drop table';
    const id = (await get('/healthz', { 'x-request-id': given })).headers.get('x-request-id');
    expect(id).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect((await get('/healthz')).headers.get('x-request-id')).not.toBe(id);
  });
});

describe('GraphiQL', () => {
  const page = (url: string, app = service.app) => get(`${url}/graphql`, { accept: 'text/html' }, app);

  test('is signed in on this machine only', async () => {
    for (const own of ['http://localhost:4000', 'http://127.0.0.1:4000', 'http://[::1]:4000']) {
      const html = await (await page(own)).text();
      expect(html, own).toContain('Authorization');
      expect(html, own).toMatch(/Bearer ey/);
    }
    // A name that somebody else has pointed at this machine.
    const rebound = await page('http://evil.example.com:4000');
    expect(rebound.status).toBe(200);
    expect(await rebound.text()).not.toMatch(/Bearer ey/);
  });

  test('keeps no token for the next visit, which opens a tab that is there', async () => {
    const text = await (await page('http://localhost')).text();
    expect(text).toMatch(/"shouldPersistHeaders":false/);
    expect(text).toMatch(/"query":"# The contact list of an agent/);
  });

  test('is not signed in where tokens are verified with a key of yours', async () => {
    const { publicKeyPem } = (await import('../../src/auth/development-keys.ts')).developmentKeys(
      mkdtempSync(join(tmpdir(), 'rollcall-pages-')),
    );
    const owned = await startApp({ JWT_PUBLIC_KEY: publicKeyPem, JWT_ISSUER: 'us', JWT_AUDIENCE: 'rollcall' });
    expect(await (await page('http://localhost', owned.app)).text()).not.toMatch(/Bearer ey/);
    await owned.close();
  });

  test('and where no page is served, / says in words where the doors are', async () => {
    const without = await startApp({ GRAPHIQL: 'off', CONSOLE: 'off' });
    for (const accept of ['text/html,application/xhtml+xml,*/*;q=0.8', 'application/json', '*/*']) {
      const response = await without.app.fetch(new Request('http://localhost/', { headers: { accept } }));
      expect([response.status, response.headers.get('content-type')]).toEqual([
        404,
        'application/problem+json; charset=utf-8',
      ]);
      const { code, detail } = (await response.json()) as { code: string; detail: string };
      expect(code).toBe('NOT_FOUND');
      // Each of the doors that it names is one.
      const doors = detail.match(/\/[\w./]+\w/g) ?? [];
      expect(doors).toContain('/graphql');
      for (const path of doors)
        expect((await without.app.fetch(new Request(`http://localhost${path}`))).status, path).not.toBe(404);
    }
    const head = await without.app.fetch(new Request('http://localhost/', { method: 'HEAD' }));
    expect(head.status).toBe(404);
    await without.close();
  });

  test('is not there when it is off', async () => {
    const without = await startApp({ GRAPHIQL: 'off' });
    const response = await page('http://localhost', without.app);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.text()).not.toMatch(/graphiql/i);
    await without.close();
  });
});
