import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { createAccessKey, createAgent, createAgentKey } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { createCaller, type RestRequest } from './caller.ts';
import { createRestWorld, nobody, type RestWorld } from './world.ts';

const service = useApp({ CORS_ORIGINS: 'https://console.example' });
let caller: ReturnType<typeof createCaller>;
let world: RestWorld;
let participants: string;
let conversations: string;
beforeAll(async () => {
  caller = createCaller(service);
  world = await createRestWorld(service);
  participants = `/v1/tenants/${world.tenant.id}/participants`;
  conversations = `/workspaces/${world.tenant.id}/conversations`;
});

const call = (method: string, path: string, request: RestRequest = {}) =>
  caller.call(method, path, { ...request, headers: { authorization: world.authorization, ...request.headers } });

describe('methods and paths', () => {
  test('HEAD is GET without the body', async () => {
    const path = `/external/users/${world.user.id}`;
    const [get, head] = [await call('GET', path), await call('HEAD', path)];
    expect([head.status, head.text, head.headers.get('content-length')]).toEqual([
      200,
      '',
      get.headers.get('content-length'),
    ]);
    expect((await call('HEAD', `/external/users/${nobody}`)).status).toBe(404);
  });

  test('OPTIONS says what is allowed, without a credential', async () => {
    const answer = await caller.call('OPTIONS', `${participants}/${world.participant}`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, PATCH, DELETE, HEAD, OPTIONS']);
    expect((await caller.call('OPTIONS', '/external/nothing')).status).toBe(404);
  });

  test('a listed origin may call, another may not', async () => {
    const ask = (origin: string) =>
      caller.call('OPTIONS', '/external/users', {
        headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' },
      });
    const allowed = await ask('https://console.example');
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://console.example');
    expect(allowed.headers.get('access-control-allow-methods')).toBe('POST, OPTIONS');
    expect(allowed.headers.get('access-control-allow-headers')).toBe('content-type');
    const refused = await ask('https://evil.example');
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([403, null]);
  });

  test('another method is a 405 that says which are allowed', async () => {
    const put = await call('PUT', `${participants}/${world.participant}`, { body: {} });
    expect([put.status, put.body.code, put.headers.get('allow')]).toEqual([
      405,
      'METHOD_NOT_ALLOWED',
      'GET, PATCH, DELETE, HEAD, OPTIONS',
    ]);
    expect((await call('GET', `${participants}/${world.participant}:disable`)).status).toBe(405);
  });

  test.each(['', 'x', ':disable', 's'])('what is nearly a path is a 404 (%j)', async (end) => {
    expect((await call('GET', `/external/users/${end ? `search/${end}` : ''}`)).status).toBe(404);
    expect((await call('POST', `${participants}/${world.participant}:${end}nable`)).status).toBe(404);
    expect((await call('GET', `${conversations}/`)).body).toMatchObject({ code: 'ResourceNotFound' });
  });

  test('an encoded colon begins a verb, and an encoded slash is a part of a name', async () => {
    const path = `${participants}/${world.participant}`;
    expect((await call('POST', `${path}%3Adisable`)).body.disabledAt).toEqual(expect.any(Number));
    expect((await call('POST', `${path}:enable`)).body.disabledAt).toBeNull();
    expect((await call('GET', `${participants}/a%2Fb`)).status).toBe(404);
    const flow = { type: 'flow', id: 'a/b:c' };
    const talk = `${conversations}/${world.conversation}/participants`;
    expect((await call('POST', talk, { body: flow })).status).toBe(201);
    expect((await call('GET', `${talk}/a%2Fb%3Ac`)).body).toMatchObject(flow);
    expect((await call('GET', `${participants}/%zz`)).status).toBe(404);
  });
});

describe('bodies', () => {
  const create = (request: RestRequest) => call('POST', '/external/users', request);

  test.each([
    ['no JSON', { raw: { type: 'application/json', text: '{"firstName":' } }, 400],
    ['no body', {}, 400],
    ['a form', { raw: { type: 'application/x-www-form-urlencoded', text: 'firstName=A' } }, 415],
    ['no type', { raw: { type: 'text/plain', text: '{}' } }, 415],
    ['another character set', { raw: { type: 'application/json; charset=latin1', text: '{}' } }, 415],
    ['compressed', { body: {}, headers: { 'content-encoding': 'gzip' } }, 415],
    ['null', { raw: { type: 'application/json', text: 'null' } }, 400],
    ['too large', { body: { firstName: 'x'.repeat(1_000_001) } }, 413],
    [
      'too large, in chunks',
      { body: { firstName: 'x'.repeat(1_000_001) }, headers: { 'transfer-encoding': 'chunked' } },
      413,
    ],
  ] as const)('%s is refused in the face’s shape', async (_, request, status) => {
    const answer = await create(request);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ status, name: expect.any(String), details: expect.any(Array) });
  });

  test('every violation is named at once', async () => {
    const body = { kind: 'ROBOT', displayName: 7, nonsense: true, channels: [{ address: '' }] };
    const answer = await call('POST', participants, { body });
    expect(answer.status).toBe(400);
    expect(answer.body.errors.map(({ path }: { path: unknown[] }) => path.join('.')).sort()).toEqual([
      'channels.0.integrationConfigId',
      'displayName',
      'kind',
      'nonsense',
    ]);
  });

  test('numbers that a double would change are refused, and none of the rest is kept', async () => {
    const raw = {
      type: 'application/json',
      text: '{"firstName":"A","lastName":"B","fkId":"exact","customData":{"n":80351110224678912345}}',
    };
    expect((await create({ raw })).status).toBe(400);
    expect((await call('GET', '/external/users/search', { query: 'fkId=exact' })).status).toBe(404);
  });

  test('what a patch may be', async () => {
    const path = `${conversations}/${world.conversation}/participants/${world.user.id}`;
    for (const body of [{}, { status: 'asleep' }, { state: 'active' }, [], null, 'active'])
      expect((await call('PATCH', path, { body })).status, JSON.stringify(body)).toBe(422);
    expect((await call('PATCH', path, { body: { status: null } })).body.status).toBe('active');
  });

  test('any JSON is answered in the 400s, or does what it says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json(), fc.constantFrom('POST', 'PATCH'), async (text, method) => {
        const raw = { type: 'application/json', text };
        for (const path of [
          method === 'POST' ? participants : `${participants}/${world.participant}`,
          `${conversations}/${world.conversation}/participants${method === 'POST' ? '' : `/${world.user.id}`}`,
        ])
          expect((await call(method, path, { raw })).status).toBeLessThan(500);
      }),
      { numRuns: 40 },
    );
  });
});

describe('queries', () => {
  test.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'limit=1.5',
    'limit=',
    'limit=1&limit=1',
    'pageToken=forged',
    'pageToken=WyJ4Il0',
    'reverse=yes',
  ])('%s is a 422 that names it', async (query) => {
    const answer = await call('GET', `${conversations}/${world.conversation}/participants`, { query });
    expect([answer.status, answer.body.code]).toEqual([422, 'InvalidPayload']);
    expect(Object.keys(answer.body.details)).toEqual([`.${query.split('=')[0]}`]);
  });

  test('a search has exactly one identifier', async () => {
    for (const query of [
      '',
      'email=',
      'email=a@b.example&fkId=1',
      'email=a@b.example&email=a@b.example',
      'email=nonsense',
    ])
      expect((await call('GET', '/external/users/search', { query })).status, query).toBe(400);
    const found = await call('GET', '/external/users/search', { query: `phoneNumber=${world.user.phoneNumber}` });
    expect(found.body).toEqual({
      user: {
        id: world.user.id,
        firstName: 'Grace',
        lastName: 'Hopper',
        isAnonymized: false,
        email: world.user.email,
        phoneNumber: world.user.phoneNumber,
      },
      conversationIds: [world.conversation],
    });
  });

  test('pages follow each other, from either end, and the last has no token', async () => {
    const own = await createRestWorld(service);
    const headers = { authorization: own.authorization };
    const path = `/workspaces/${own.tenant.id}/conversations/${own.conversation}/participants`;
    for (const id of ['one', 'two', 'three']) await caller.call('POST', path, { body: { type: 'flow', id }, headers });
    const read = async (reverse: boolean) => {
      const ids: string[] = [];
      let token = '';
      do {
        const query = `limit=2&reverse=${reverse}${token && `&pageToken=${token}`}`;
        const { body } = await caller.call('GET', path, { query, headers });
        ids.push(...body.results.map(({ id }: { id: string }) => id));
        token = body.nextPageToken ?? '';
      } while (token);
      return ids;
    };
    const order = [own.agent, own.participant, own.user.id, 'one', 'two', 'three'];
    expect(await read(false)).toEqual(order);
    expect(await read(true)).toEqual(order.toReversed());
  });
});

describe('credentials', () => {
  test('each kind works on each face, as far as its scopes go', async () => {
    const key = await createAccessKey(world.tenant, ['USERS_READ', 'PARTICIPANTS_READ', 'CONVERSATIONS_READ']);
    const agentKey = await createAgentKey(world.tenant, world.agent);
    const statuses = (headers: Record<string, string>) =>
      Promise.all(
        [`/external/users/${world.user.id}`, `${conversations}/${world.conversation}`, participants].map(
          async (path) => (await caller.call('GET', path, { headers })).status,
        ),
      );
    expect(await statuses(key.headers)).toEqual([200, 200, 200]);
    expect(await statuses(agentKey.headers)).toEqual([200, 200, 403]);
    expect(await statuses({ authorization: 'AccessKey nonsense' })).toEqual([403, 401, 401]);
    expect(await statuses({ ...key.headers, ...agentKey.headers })).toEqual([403, 401, 401]);
  });

  test('an agent’s key sees its own agent’s conversations only', async () => {
    const other = await createAgentKey(world.tenant, await createAgent(world.tenant));
    const { status } = await caller.call('GET', `${conversations}/${world.conversation}`, { headers: other.headers });
    const found = await caller.call('GET', '/external/users/search', {
      query: `email=${encodeURIComponent(world.user.email)}`,
      headers: other.headers,
    });
    expect([status, found.body.conversationIds]).toEqual([404, []]);
  });
});

test('the documents are served, and a page that reads them without the internet', async () => {
  for (const name of ['directory', 'conversations', 'users']) {
    const { status, body } = await caller.call('GET', `/openapi/${name}.json`);
    expect([status, body.openapi]).toEqual([200, '3.1.0']);
  }
  const page = await caller.call('GET', '/openapi');
  expect(page.type).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
  const sources = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, source]) => source as string);
  expect(sources).toHaveLength(3);
  for (const source of sources) expect((await caller.call('GET', source)).status, source).toBe(200);
  expect((await caller.call('GET', '/openapi/assets/../../package.json')).status).toBe(404);
});
