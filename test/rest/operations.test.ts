import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorsOf } from '../../scripts/openapi-document.ts';
import type { Face } from '../../src/rest/face.ts';
import { faces } from '../../src/rest/faces.ts';
import type { Operation } from '../../src/rest/operation.ts';
import { startApp, type TestApp } from '../app.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { createCaller, type RestRequest } from './caller.ts';
import { casesOfConversations } from './cases-of-conversations.ts';
import { casesOfDirectory } from './cases-of-directory.ts';
import { createRestWorld, inputs, pathOf, pathOfNobody, type RestWorld } from './world.ts';

let slack: FakeSlack;
let service: TestApp;
let world: RestWorld;
let caller: ReturnType<typeof createCaller>;
beforeAll(async () => {
  slack = await startFakeSlack();
  slack.users.set('U0ADA', { image: await png() });
  service = await startApp({ SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host });
  caller = createCaller(service);
  world = await createRestWorld(service);
});
afterAll(async () => {
  await service.close();
  await slack.close();
});

const nameOf = (face: Face, { id }: Operation) => `${face.name}.${id}`;
const every = faces.flatMap((face) =>
  face.operations.map((operation) => ({ face, operation, name: nameOf(face, operation) })),
);
const inputOf = (name: string, of: RestWorld): RestRequest => inputs[name]?.(of) ?? {};
const signedIn = (request: RestRequest, authorization = world.authorization): RestRequest => ({
  ...request,
  headers: { authorization },
});

/** A world of its own for an operation that takes something away. */
const fresh = async ({ method }: Operation) => (method === 'GET' ? world : createRestWorld(service));

const generateWebhook = (of: RestWorld) =>
  caller.call(
    'POST',
    pathOf('/v1/tenants/{tenant}/integrations/{provider}/configs/{config}:generateWebhookUrl', of),
    signedIn({}, of.authorization),
  );

/** Another input than the one of the operation, for the same key. */
const another: Readonly<Record<string, object>> = {
  'directory.createParticipant': { displayName: 'Other' },
  'directory.createIntegrationConfig': { displayName: 'Other' },
  'directory.approveAccessRequest': { note: 'other' },
  'conversations.createConversation': { name: 'Other' },
  'conversations.ensureParticipant': { status: 'pending' },
  'users.createUser': { firstName: 'Other' },
};
/** What is not found only where its key comes again after it was deleted. */
const isFoundOnce = new Set(['directory.createIntegrationConfig', 'users.createUser']);

describe.each(every)('$name', ({ face, operation, name }) => {
  const { method, path } = operation;
  const served = Object.keys(operation.answers).length > 0;

  test('does what it is for', async () => {
    const own = await fresh(operation);
    if (name === 'directory.rotateWebhookKey') await generateWebhook(own);
    const answer = await caller.call(method, pathOf(path, own), signedIn(inputOf(name, own), own.authorization));
    expect(String(answer.status)).toMatch(served ? new RegExp(Object.keys(operation.answers).join('|')) : '501');
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('refuses a missing credential, and one without the scope', async () => {
    const request = inputOf(name, world);
    const stranger = await caller.call(method, pathOf(path, world), request);
    expect(stranger.status).toBe(face.name === 'users' ? 403 : 401);
    if (face.name === 'directory') expect(stranger.text).toBe('');
    const token = await world.tenant.token([]);
    expect((await caller.call(method, pathOf(path, world), signedIn(request, `Bearer ${token}`))).status).toBe(403);
  });

  if (face.tenant)
    test('is not there in another tenant', async () => {
      const other = await service.createTenant();
      const request = signedIn(inputOf(name, world), `Bearer ${await other.token()}`);
      const there = await caller.call(method, pathOf(path, world), request);
      const nowhere = await caller.call(
        method,
        pathOf(path, { ...world, tenant: { ...other, id: `${other.id}x` } }),
        request,
      );
      expect([there.status, nowhere.status]).toEqual([404, 404]);
      expect(there.text).not.toContain(world.participant);
    });

  test('finds nothing of another tenant’s by its ids', async () => {
    const own = await createRestWorld(service);
    const path = pathOf(operation.path, { ...world, tenant: own.tenant });
    const sent = signedIn(inputOf(name, { ...world, tenant: own.tenant }), own.authorization);
    const answer = await caller.call(method, path, sent);
    const { participant, conversation, user, config, request } = world;
    for (const id of [participant, conversation, user.id, user.phoneNumber, config, request])
      if (!path.includes(id) && !JSON.stringify(sent).includes(id)) expect(answer.text).not.toContain(id);
    const named = /\{(participant|config|conversationId|participantAccessRequest|id)\}/.test(operation.path);
    if (named && served) expect(answer.status).toBe(404);
    const there = await caller.call('GET', `/external/users/${world.user.id}`, signedIn({}));
    expect(there.status).toBe(200);
  });

  if (served && !isFoundOnce.has(name) && operation.errors.some((code) => code.endsWith('_NOT_FOUND')))
    test('finds nobody', async () => {
      const own = await createRestWorld(service);
      const request =
        name === 'users.searchUser' ? { query: 'email=nobody@example.com' } : (inputOf(name, own) as RestRequest);
      const bodies: Record<string, object> = {
        'directory.createParticipant': { displayName: 'Ada', agentIds: ['nobody'] },
        'conversations.createConversation': { agentId: 'nobody' },
      };
      const sent = bodies[name] ? { body: bodies[name] } : request;
      const answer = await caller.call(method, pathOfNobody(path, own.tenant.id), signedIn(sent, own.authorization));
      expect(answer.status).toBe(404);
    });

  if (operation.creates)
    test('creates once for an idempotency key', async () => {
      const own = await createRestWorld(service);
      const sent = { ...inputOf(name, own), headers: { authorization: own.authorization, 'idempotency-key': 'once' } };
      const first = await caller.call(method, pathOf(path, own), sent);
      expect(Object.keys(operation.answers)).toContain(String(first.status));
      expect((await caller.call(method, pathOf(path, own), sent)).body).toEqual(first.body);
      const other = { ...sent, body: { ...(sent.body as object), ...another[name] } };
      const conflict = operation.statuses?.CONFLICT ?? 409;
      expect((await caller.call(method, pathOf(path, own), other)).status).toBe(conflict);
      const bad = { ...sent, headers: { ...sent.headers, 'idempotency-key': 'x'.repeat(256) } };
      const refused = await caller.call(method, pathOf(path, own), bad);
      expect(refused.status).toBe(face.name === 'conversations' ? 422 : 400);
      expect(refused.text).toContain('Idempotency-Key');
      if (!isFoundOnce.has(name)) return;
      const { id } = first.body as { id: string };
      const deletion = { headers: { authorization: own.authorization } };
      expect((await caller.call('DELETE', `${pathOf(path, own)}/${id}`, deletion)).status).toBe(204);
      expect((await caller.call(method, pathOf(path, own), sent)).status).toBe(404);
    });

  if (served && (operation.body || operation.query))
    test('refuses input that does not fit', async () => {
      const { query = '' } = inputOf(name, world);
      const bad = operation.body ? { body: [] } : { query: `${query}&limit=1&limit=2` };
      const answer = await caller.call(method, pathOf(path, world), signedIn(bad));
      expect(answer.status).toBe(face.name === 'conversations' ? 422 : 400);
    });
});

casesOfConversations(() => ({ service, caller, world }));
casesOfDirectory(() => ({ service, caller, world, slack }));

test('every operation was answered with each status and error that its document names', () => {
  const named = every.flatMap(({ face, operation, name }) => {
    const errors = [...errorsOf(face, operation)];
    return [
      ...[...Object.keys(operation.answers), ...errors.map(([status]) => status)].map((status) => `${name} ${status}`),
      ...errors.flatMap(([, ofStatus]) => ofStatus.map((code) => `${name} ${code}`)),
    ];
  });
  expect(named.filter((one) => !caller.answered.has(one))).toEqual([]);
});
