import { inspect } from 'node:util';
import { getGlobalDispatcher, MockAgent, setGlobalDispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createProviderClient, jsonOf } from '../../src/egress/provider-client.ts';
import { Problem } from '../../src/errors/catalogue.ts';
import { type ProviderFake, startProviderFake } from '../fakes/http.ts';

let fake: ProviderFake;
beforeEach(async () => {
  fake = await startProviderFake(
    (_, { path }) => ({ part: 'api', status: path.endsWith('/gone') ? 410 : 200, json: { path } }),
    () => ({}),
  );
});
afterEach(() => fake.close());

const open = (base = '/api', timeoutMs = 5_000) =>
  createProviderClient({ name: 'Pigeon', baseUrl: `http://${fake.host}${base}`, timeoutMs })();
const pathsAsked = () => fake.requests.map(({ path }) => path);

describe('a provider is asked', () => {
  test('below its base, whether that ends with a slash or not', async () => {
    for (const base of ['/api', '/api/', '/api//']) await open(base)('users/1');
    expect(pathsAsked()).toEqual(['/api/users/1', '/api/users/1', '/api/users/1']);
  });

  test('for a path with a colon, which makes no other scheme of it', async () => {
    await open('/')('bot1:x/getMe');
    await open('/')('javascript:x');
    expect(pathsAsked()).toEqual(['/bot1:x/getMe', '/javascript:x']);
  });

  test.each(['../admin', 'a/../../admin', '..%2f../../../x', '%2e%2e/%2e%2e/admin', '\\..\\..\\admin'])(
    'and not for what lies above it: %j',
    async (path) => {
      await expect(open('/api/v1')(path)).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
      expect(fake.requests).toEqual([]);
    },
  );

  test.each(['//elsewhere.example/x', '/x', 'http://elsewhere.example/x'])('and nobody else: %j', async (path) => {
    await open()(path).catch(() => null);
    expect(pathsAsked().every((asked) => asked.startsWith('/api/'))).toBe(true);
  });

  test('by a GET, or with a form by a POST', async () => {
    const ask = open();
    await ask('a', { headers: { authorization: 'Bearer x' } });
    await ask('b', { form: { id: '1&2=3', name: 'ü' } });
    expect(fake.requests.map(({ method, form, headers }) => [method, form, headers.authorization])).toEqual([
      ['GET', {}, 'Bearer x'],
      ['POST', { id: '1&2=3', name: 'ü' }, undefined],
    ]);
  });

  test('directly, also when the process has a dispatcher', async () => {
    const before = getGlobalDispatcher();
    const nowhere = new MockAgent();
    nowhere.disableNetConnect();
    setGlobalDispatcher(nowhere);
    try {
      await expect(open()('x')).resolves.toMatchObject({ status: 200 });
    } finally {
      setGlobalDispatcher(before);
    }
  });
});

describe('its answer', () => {
  test('is one with any status, redirects too', async () => {
    expect((await open()('gone')).status).toBe(410);
    fake.apiTrouble = { redirect: `http://${fake.host}/api/other` };
    expect((await open()('x')).status).toBe(302);
    expect(pathsAsked()).toEqual(['/api/gone', '/api/x']);
  });

  test('is JSON of a form, or null', async () => {
    const form = z.object({ path: z.string() });
    expect(jsonOf(await open()('x'), form)).toEqual({ path: '/api/x' });
    expect(jsonOf(await open()('x'), z.object({ id: z.string() }))).toBeNull();
    fake.apiTrouble = 'html';
    expect(jsonOf(await open()('x'), form)).toBeNull();
  });

  test('that is too large is the caller’s error', async () => {
    fake.apiTrouble = 'oversize';
    await expect(open()('x')).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
    const limit = { bytes: 10, problem: () => new Problem('AVATAR_INVALID', 'Too large.') };
    await expect(open()('x', { limit })).rejects.toMatchObject({ code: 'AVATAR_INVALID' });
    fake.apiTrouble = null;
    const exact = { ...limit, bytes: Buffer.byteLength('{"path":"/api/x"}') };
    await expect(open()('x', { limit: exact })).resolves.toMatchObject({ status: 200 });
  });

  test('has to come in time, with all the others of the conversation', async () => {
    fake.apiTrouble = 'trickle';
    const ask = open('/api', 300);
    await expect(ask('x')).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 504 });
    fake.apiTrouble = null;
    await expect(ask('x')).rejects.toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 504 });
    await expect(open('/api', 5_000)('x')).resolves.toMatchObject({ status: 200 });
  });
});

test('errors say nothing of what was asked', async () => {
  const ask = open('/api');
  await fake.close();
  const error: unknown = await ask('bot-secret', {
    headers: { authorization: 'secret' },
    form: { token: 'secret' },
  }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('secret');
});
