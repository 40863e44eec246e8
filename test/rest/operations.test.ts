import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorsOf } from '../../scripts/openapi-document.ts';
import type { Face } from '../../src/rest/face.ts';
import { faces } from '../../src/rest/faces.ts';
import type { Operation } from '../../src/rest/operation.ts';
import { startApp, type TestApp } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { createCaller, type RestRequest } from './caller.ts';
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
    for (const id of [world.participant, world.conversation, world.user.id, world.user.phoneNumber, world.config])
      if (!path.includes(id) && !JSON.stringify(sent).includes(id)) expect(answer.text).not.toContain(id);
    const named = /\{(participant|config|conversationId|id)\}/.test(operation.path);
    if (named && served) expect(answer.status).toBe(404);
    const there = await caller.call('GET', `/external/users/${world.user.id}`, signedIn({}));
    expect(there.status).toBe(200);
  });

  if (served && operation.errors.some((code) => code.endsWith('_NOT_FOUND')))
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

  if (served && (operation.body || operation.query))
    test('refuses input that does not fit', async () => {
      const bad = operation.body ? { body: [] } : { query: 'limit=1&limit=2' };
      const answer = await caller.call(method, pathOf(path, world), signedIn(bad));
      expect(answer.status).toBe(face.name === 'conversations' ? 422 : 400);
    });
});

describe('what single operations name', () => {
  const call = (method: string, path: string, request: RestRequest = {}, of = world) =>
    caller.call(method, pathOf(path, of), signedIn(request, of.authorization));

  test('a user that exists is a 400 that names the field', async () => {
    const body = { firstName: 'G', lastName: 'H', email: world.user.email.toUpperCase() };
    const { status, body: told } = await call('POST', '/external/users', { body });
    expect(status).toBe(400);
    expect(told).toMatchObject({ status: 400, name: 'BAD_REQUEST', message: 'USER_ALREADY_EXISTS' });
    expect(told.details).toContainEqual({ path: 'email', detail: 'is another user’s' });
  });

  const participants = '/workspaces/{workspaceId}/conversations/{conversationId}/participants';

  test('to add to a closed conversation, and to go back in status, is a 409', async () => {
    const own = await createRestWorld(service);
    const back = await call(
      'PATCH',
      `${participants}/{conversationParticipantId}`,
      { body: { status: 'pending' } },
      own,
    );
    expect([back.status, back.body.code]).toEqual([409, 'ResourceConflict']);
    const byMail = await call(
      'PATCH',
      `${participants}/{identifierKey}/{identifierValue}`,
      { body: { status: 'invited' } },
      own,
    );
    expect(byMail.status).toBe(409);
    const conversation = '/workspaces/{workspaceId}/conversations/{conversationId}';
    const closed = await call('PATCH', conversation, { body: { status: 'closed' } }, own);
    expect(closed.body).toMatchObject({ status: 'closed', activeParticipantCount: 3 });
    expect((await call('POST', participants, inputOf('conversations.ensureParticipant', own), own)).status).toBe(409);
    expect((await call('PATCH', conversation, { body: { status: 'active' } }, own)).status).toBe(501);
  });

  test('the last active user stays: 403, with a body', async () => {
    const own = await createRestWorld(service);
    expect((await call('DELETE', `${participants}/${own.agent}`, {}, own)).status).toBe(204);
    const { status, body } = await call('DELETE', `${participants}/${own.participant}`, {}, own);
    expect([status, body.code]).toEqual([403, 'AccessDenied']);
  });

  test('a participant that is there already is a 200, unchanged', async () => {
    const body = { type: 'contact', id: world.user.id, status: 'pending' };
    const again = await call('POST', participants, { body });
    expect(again.status).toBe(200);
    expect(again.body).toEqual({
      id: world.user.id,
      type: 'contact',
      status: 'active',
      displayName: 'Grace Hopper',
      avatarUrl: '',
      contact: { identifierKey: 'emailaddress', identifierValue: world.user.email },
    });
  });

  test('what is not kept here is a 501', async () => {
    const open = '/workspaces/{workspaceId}/conversations';
    expect((await call('POST', open, { body: { name: 'A', initialMessage: {} } })).status).toBe(501);
    const participant = '/v1/tenants/{tenant}/participants/{participant}';
    expect((await call('PATCH', participant, { body: { avatarFileId: world.config } })).status).toBe(501);
    const create = '/v1/tenants/{tenant}/participants';
    expect((await call('POST', create, { body: { displayName: 'A', avatarFileId: world.config } })).status).toBe(501);
  });

  test('an identifier that is none is a 422 under its name in the body', async () => {
    const contact = { identifierKey: 'emailaddress', identifierValue: 'nonsense' };
    const { status, body } = await call('POST', participants, { body: { type: 'contact', contact } });
    expect([status, body.code]).toEqual([422, 'InvalidPayload']);
    expect(body.details).toEqual({ '.contact.identifierValue': ['must be an e-mail address'] });
    expect((await call('GET', `${participants}/emailaddress/nonsense`)).status).toBe(422);
  });

  const sync = '/v1/tenants/{tenant}/participants/{participant}/avatar:syncFromChannel';

  test('an avatar that cannot be had tells why', async () => {
    const input = (address: string, integrationConfigId = world.config) => ({ body: { integrationConfigId, address } });
    expect((await call('POST', sync, input('U0NOBODY'))).body.code).toBe('CHANNEL_NOT_ON_PARTICIPANT');
    const sms = await createConfig(world.tenant, 'sms');
    const unconnected = await createConfig(world.tenant, 'slack');
    const channels = [
      { integrationConfigId: sms, address: '+14155550100' },
      { integrationConfigId: unconnected, address: 'U0ADA' },
      { integrationConfigId: world.config, address: 'U0GROUP' },
    ];
    const own = { ...world, participant: await createParticipant(world.tenant, { channels }) };
    expect((await call('POST', sync, input('+14155550100', sms), own)).body.code).toBe('AVATAR_SOURCE_NOT_REGISTERED');
    expect((await call('POST', sync, input('U0ADA', unconnected), own)).body.code).toBe('INTEGRATION_NOT_CONNECTED');
    slack.users.set('U0GROUP', {});
    expect((await call('POST', sync, input('U0GROUP'), own)).body.code).toBe('AVATAR_NOT_AVAILABLE');
    slack.users.set('U0GROUP', { image: new TextEncoder().encode('no image') });
    expect((await call('POST', sync, input('U0GROUP'), own)).status).toBe(422);
    slack.apiTrouble = 'server-error';
    expect((await call('POST', sync, input('U0GROUP'), own)).status).toBe(502);
    slack.apiTrouble = 'rate-limited';
    const limited = await call('POST', sync, input('U0GROUP'), own);
    slack.apiTrouble = null;
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('webhooks: made once, rotated when there is one, and not of a provider of bindings', async () => {
    const own = await createRestWorld(service);
    const config = '/v1/tenants/{tenant}/integrations/{provider}/configs/{config}';
    expect((await call('POST', `${config}/webhook:rotate`, {}, own)).status).toBe(404);
    const made = await call('POST', `${config}:generateWebhookUrl`, {}, own);
    expect(made.body.webhookUrl).toContain(`/hooks/slack/${made.body.webhookKeyPrefix}`);
    expect((await call('POST', `${config}:generateWebhookUrl`, {}, own)).status).toBe(409);
    const rotated = await call('POST', `${config}/webhook:rotate`, {}, own);
    expect(rotated.body.webhookKeyPrefix).not.toBe(made.body.webhookKeyPrefix);
    const sms = await createConfig(own.tenant, 'sms');
    const ofSms = config.replace('{provider}', 'sms').replace('{config}', sms);
    expect((await call('POST', `${ofSms}:generateWebhookUrl`, {}, own)).status).toBe(400);
    expect((await call('POST', `${ofSms}/webhook:rotate`, {}, own)).status).toBe(400);
  });
});

test('every operation was answered with each status that its document names', () => {
  const named = every.flatMap(({ face, operation, name }) =>
    [...Object.keys(operation.answers), ...errorsOf(face, operation).keys()].map((status) => `${name} ${status}`),
  );
  expect(named.filter((one) => !caller.answered.has(one))).toEqual([]);
});
