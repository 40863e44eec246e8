import { beforeAll, describe, expect, test } from 'vitest';
import { faces } from '../../src/rest/faces.ts';
import { createAccessKey, createAgentKey } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { createCaller, type RestRequest } from './caller.ts';
import { createRestWorld, pathOf, type RestWorld } from './world.ts';

const service = useApp();
let caller: ReturnType<typeof createCaller>;
let world: RestWorld;
beforeAll(async () => {
  caller = createCaller(service);
  world = await createRestWorld(service);
});

type Row = readonly [what: string, method: string, path: string, request: RestRequest, status: number];

/** What each face is asked with: a list, one of it, a creation, and a body for that. `malformed` is its status. */
const asked = {
  directory: {
    list: '/v1/tenants/{tenant}/participants',
    one: '/v1/tenants/{tenant}/participants/{participant}',
    create: '/v1/tenants/{tenant}/participants',
    body: { displayName: 'Ada' },
    malformed: 400,
    allowed: 'GET, POST, HEAD, OPTIONS',
    stranger: 401,
  },
  conversations: {
    list: '/workspaces/{workspaceId}/conversations',
    one: '/workspaces/{workspaceId}/conversations/{conversationId}',
    create: '/workspaces/{workspaceId}/conversations',
    body: { name: 'Ada' },
    malformed: 422,
    allowed: 'GET, POST, HEAD, OPTIONS',
    stranger: 401,
  },
  users: {
    list: '/external/users/search',
    one: '/external/users/{id}',
    create: '/external/users',
    body: { firstName: 'Ada', lastName: 'L', fkId: 'refused' },
    malformed: 400,
    allowed: 'GET, DELETE, HEAD, OPTIONS',
    stranger: 403,
  },
} as const;

const raw = (text: string | Uint8Array<ArrayBuffer>, type: string | null = 'application/json') => ({
  raw: { text, type },
});
const large = 'x'.repeat(1_000_001);

/** What every face refuses alike, but for the status of malformed input. */
const ofEvery = ({ list, one, create, body, malformed }: (typeof asked)[keyof typeof asked]): Row[] => [
  ['a trailing slash of a list', 'GET', `${list}/`, {}, 404],
  ['a trailing slash of one', 'GET', `${one}/`, {}, 404],
  ['a doubled slash', 'GET', list.replace(/\/(\w+)$/, '//$1'), {}, 404],
  ['another letter case of the path', 'GET', list.replace(/\w+$/, (name) => name.toUpperCase()), {}, 404],
  ['a path below one', 'GET', `${one}/nothing`, {}, 404],
  ['an encoded slash in an id', 'GET', one.replace(/\{\w+\}$/, 'a%2Fb'), {}, 404],
  ['an encoded colon in an id', 'GET', one.replace(/\{\w+\}$/, 'a%3Ab'), {}, 404],
  ['an encoding that is none', 'GET', one.replace(/\{\w+\}$/, '%zz'), {}, 404],
  ['a NUL in an id', 'GET', one.replace(/\{\w+\}$/, '%00'), {}, 404],
  ['a very long id', 'GET', one.replace(/\{\w+\}$/, 'x'.repeat(8_000)), {}, 404],
  ['another method', 'PUT', create, { body }, 405],
  ['no body', 'POST', create, {}, malformed],
  ['an empty body', 'POST', create, raw(''), malformed],
  ['invalid JSON', 'POST', create, raw('{"name":'), malformed],
  ['JSON and more', 'POST', create, raw('{} {}'), malformed],
  ['no UTF-8', 'POST', create, raw(new Uint8Array([0x22, 0xff, 0x22])), malformed],
  ['null', 'POST', create, raw('null'), malformed],
  ['a list', 'POST', create, raw('[]'), malformed],
  ['a text', 'POST', create, raw('"text"'), malformed],
  ['a number', 'POST', create, raw('1e999'), malformed],
  ['lists in lists', 'POST', create, raw('['.repeat(100_000) + ']'.repeat(100_000)), malformed],
  ['a form', 'POST', create, raw('name=Ada', 'application/x-www-form-urlencoded'), 415],
  ['plain text', 'POST', create, raw('{}', 'text/plain'), 415],
  ['something like JSON', 'POST', create, raw('{}', 'application/jsonp'), 415],
  ['another character set', 'POST', create, raw('{}', 'application/json; charset=utf-16'), 415],
  ['a compressed body', 'POST', create, { body, headers: { 'content-encoding': 'gzip' } }, 415],
  ['a body over the limit', 'POST', create, { body: { name: large } }, 413],
  ['one in chunks', 'POST', create, { body: { name: large }, headers: { 'transfer-encoding': 'chunked' } }, 413],
  ['an empty idempotency key', 'POST', create, { body, headers: { 'idempotency-key': ' ' } }, malformed],
];

const participants = '/workspaces/{workspaceId}/conversations/{conversationId}/participants';
const more: Record<keyof typeof asked, readonly Row[]> = {
  directory: [
    ['an unknown property', 'POST', asked.directory.create, { body: { displayName: 'A', nonsense: 1 } }, 400],
    ['a property named __proto__', 'POST', asked.directory.create, raw('{"displayName":"A","__proto__":{}}'), 400],
    ['a parameter twice', 'GET', asked.directory.list, { query: 'agentId=a&agentId=b' }, 400],
    ['an unknown verb', 'POST', `${asked.directory.one}:nonsense`, {}, 404],
    ['a verb of another method', 'GET', `${asked.directory.one}:disable`, {}, 405],
    ['a blank name', 'POST', asked.directory.create, { body: { displayName: '  ' } }, 400],
    ['an agent’s id that can be nobody’s', 'PUT', `${asked.directory.one}/bindings/%00`, {}, 400],
  ],
  conversations: [
    ...['limit=0', 'limit=101', 'limit=x', 'limit=1.5', 'limit=', 'limit=1&limit=2', 'limit=%zz', 'limit=1e1'].map(
      (query): Row => [query, 'GET', participants, { query }, 422],
    ),
    ...['pageToken=', 'pageToken=forged', 'pageToken=WyJ4Il0', 'pageToken=%00', 'reverse=yes', 'status=open'].map(
      (query): Row => [query, 'GET', asked.conversations.list, { query }, 422],
    ),
    ['a page token that is too long', 'GET', participants, { query: `pageToken=${'x'.repeat(8_001)}` }, 422],
    ['nothing to change', 'PATCH', `${participants}/{conversationParticipantId}`, { body: {} }, 422],
    ['an unknown property', 'PATCH', `${participants}/{conversationParticipantId}`, { body: { state: 'x' } }, 422],
    ['a type that nobody can add', 'POST', participants, { body: { type: 'bot', id: 'x' } }, 422],
    ['an unknown kind of identifier', 'GET', `${participants}/pigeon/7`, {}, 404],
  ],
  users: [
    ...['', 'email=', 'email=x', 'fkId=a&fkId=b', 'email=a@b.example&fkId=a', 'phoneNumber=12'].map(
      (query): Row => [`a search for "${query}"`, 'GET', asked.users.list, { query }, 400],
    ),
    ['nobody', 'GET', asked.users.list, { query: 'fkId=%00' }, 400],
    ['no identifier', 'POST', asked.users.create, { body: { firstName: 'A', lastName: 'B' } }, 400],
    ['a number for a name', 'POST', asked.users.create, { body: { ...asked.users.body, firstName: 1 } }, 400],
  ],
};

describe.each(faces)('$name', ({ name, error }) => {
  const { list, one, allowed, stranger } = asked[name];
  const call = (method: string, path: string, request: RestRequest = {}) =>
    caller.call(method, pathOf(path, world), {
      ...request,
      headers: { authorization: world.authorization, ...request.headers },
    });

  test.each([...ofEvery(asked[name]), ...more[name]])('refuses %s', async (_, method, path, request, status) => {
    const answer = await call(method, path, request);
    expect(answer.status).toBe(status);
    expect(error.safeParse(answer.body).error?.issues).toBeUndefined();
    expect(answer.type).toMatch(name === 'directory' ? /^application\/problem\+json/ : /^application\/json/);
    if (status === 405) expect(answer.headers.get('allow')).toContain('OPTIONS');
  });

  test('HEAD is GET without the body, and OPTIONS says what is allowed', async () => {
    const [get, head] = [await call('GET', one), await call('HEAD', one)];
    expect([head.status, head.text]).toEqual([200, '']);
    for (const header of ['content-length', 'content-type'])
      expect(head.headers.get(header)).toBe(get.headers.get(header));
    const none = await call('HEAD', `${one}/`);
    expect([none.status, none.text]).toEqual([404, '']);
    const options = await caller.call('OPTIONS', pathOf(list, world));
    expect([options.status, options.text, options.headers.get('allow')]).toEqual([204, '', allowed]);
    expect((await caller.call('OPTIONS', pathOf(`${list}/`, world))).status).toBe(404);
  });

  test.each([
    ['none', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['a token that does not verify', { authorization: 'Bearer nonsense' }],
    ['an access key that is none', { authorization: 'AccessKey nonsense' }],
    ['an agent’s key that is none', { 'agent-secret-key': 'nonsense' }],
    ['an empty one', { authorization: 'Bearer ' }],
  ] as const)('refuses a credential: %s', async (_, headers) => {
    const answer = await caller.call('GET', pathOf(one, world), { headers });
    expect(answer.status).toBe(stranger);
    if (name === 'directory') expect(answer.text).toBe('');
    else expect(error.safeParse(answer.body).success).toBe(true);
  });

  test('takes each kind of credential, one at a time', async () => {
    const key = await createAccessKey(world.tenant, ['USERS_READ', 'PARTICIPANTS_READ', 'CONVERSATIONS_READ']);
    const agentKey = await createAgentKey(world.tenant, world.agent);
    const status = async (headers: Record<string, string>) =>
      (await caller.call('GET', pathOf(one, world), { headers })).status;
    expect(await status(key.headers)).toBe(200);
    expect(await status({ authorization: world.authorization })).toBe(200);
    expect(await status(agentKey.headers)).toBe(name === 'directory' ? 403 : 200);
    expect(await status({ ...key.headers, ...agentKey.headers })).toBe(stranger);
  });
});

test('nothing that was refused has been created', async () => {
  const search = { query: 'fkId=refused', headers: { authorization: world.authorization } };
  expect((await caller.call('GET', '/external/users/search', search)).status).toBe(404);
});
