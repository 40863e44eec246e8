import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { createAccessKey, createAgentKey } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { createRestWorld, type RestWorld } from './world.ts';

// The commands of the systems' own documents, character for character; only hosts, ids and secrets are replaced.
const ensure = `curl -X POST "https://api.bird.com/workspaces/a1405560-c8d3-4b1a-877d-3f449ad95352/conversations/c9c60caa-eaf5-4628-9687-91de4d452bfa/participants" \\
-H "Content-Type: application/json" \\
-H "Authorization: AccessKey abcd" \\
-d '{
  "type": "contact",
  "contact": {
    "identifierKey": "emailaddress",
    "identifierValue": "[email protected]"
  }
}'`;
const patch = `curl -X PATCH "https://api.bird.com/workspaces/a1405560-c8d3-4b1a-877d-3f449ad95352/conversations/c9c60caa-eaf5-4628-9687-91de4d452bfa/participants/280b4743-d753-4767-8516-2fd506e29953" \\
-H "Content-Type: application/json" \\
-H "Authorization: AccessKey abcd" \\
-d '{
  "status": "active"
}'`;
// On the page its lines are run together, and it has no credential: that is described beside it.
const sync = `curl -X POST "https://api.fruxon.com/v1/tenants/string/participants/497f6eca-6276-4993-bfeb-53cbbbba6f08/avatar:syncFromChannel" \\
-H "Content-Type: application/json" \\
-d '{ "integrationConfigId": "928c9032-93b2-49a3-82db-be1a31402d0e", "address": "string" }'`;

const service = useApp({ PORT: '0' });
let world: RestWorld;
let url: string;
let key: string;
beforeAll(async () => {
  ({ url } = await service.app.listen());
  world = await createRestWorld(service);
  const { headers } = await createAccessKey(world.tenant, ['CONVERSATIONS_READ', 'CONVERSATIONS_WRITE']);
  key = headers['authorization'] ?? '';
});

/** Runs the command in a shell, as it is written but for these words; returns the status and the body. */
async function run(command: string, words: Readonly<Record<string, string>>) {
  let replaced = command;
  for (const [word, by] of Object.entries(words)) {
    expect(replaced).toContain(word);
    replaced = replaced.replaceAll(word, by);
  }
  const { stdout } = await promisify(execFile)('sh', ['-c', `${replaced} -s -w '\\n%{http_code}'`]);
  const at = stdout.lastIndexOf('\n');
  const text = stdout.slice(0, at);
  return { status: Number(stdout.slice(at + 1)), body: text === '' ? null : JSON.parse(text) };
}

const places = () => ({
  'https://api.bird.com': url,
  'a1405560-c8d3-4b1a-877d-3f449ad95352': world.tenant.id,
  'c9c60caa-eaf5-4628-9687-91de4d452bfa': world.conversation,
  'AccessKey abcd': key,
});

test('to ensure a participant adds it once', async () => {
  const words = { ...places(), '[email protected]': 'someone@example.com' };
  const first = await run(ensure, words);
  expect(first).toEqual({
    status: 201,
    body: {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      type: 'contact',
      status: 'active',
      displayName: 'someone@example.com',
      avatarUrl: '',
      contact: { identifierKey: 'emailaddress', identifierValue: 'someone@example.com' },
    },
  });
  expect(await run(ensure, words)).toEqual({ status: 200, body: first.body });
});

test('to patch a participant answers it as it is now', async () => {
  const words = { ...places(), '280b4743-d753-4767-8516-2fd506e29953': world.user.id };
  expect(await run(patch, words)).toEqual({
    status: 200,
    body: expect.objectContaining({ id: world.user.id, status: 'active' }),
  });
});

test('to sync an avatar without a credential is a 401 without a body, and with one a problem', async () => {
  const words = {
    'https://api.fruxon.com': url,
    'tenants/string': `tenants/${world.tenant.id}`,
    '497f6eca-6276-4993-bfeb-53cbbbba6f08': world.participant,
    '928c9032-93b2-49a3-82db-be1a31402d0e': world.config,
  };
  expect(await run(sync, words)).toEqual({ status: 401, body: null });
  const signedIn = sync.replace('-H "Content', `-H "Authorization: ${world.authorization}" -H "Content`);
  expect(await run(signedIn, words)).toEqual({
    status: 400,
    body: expect.objectContaining({ code: 'CHANNEL_NOT_ON_PARTICIPANT', title: 'Channel not on participant' }),
  });
});

test('the users’ examples: by search, by id, and gone', async () => {
  const { headers } = await createAgentKey(world.tenant, world.agent);
  const send = (rest: string) => run(`curl -H "Agent-Secret-Key: ${headers['agent-secret-key']}" ${rest}`, {});
  const email = encodeURIComponent(world.user.email);
  const found = await send(`"${url}/external/users/search?email=${email}"`);
  expect(found).toEqual({
    status: 200,
    body: { user: expect.objectContaining({ id: world.user.id }), conversationIds: [world.conversation] },
  });
  expect((await send(`${url}/external/users/${world.user.id}`)).body).toEqual(found.body.user);
  expect(await send(`-X DELETE ${url}/external/users/${world.user.id}`)).toEqual({ status: 204, body: null });
  expect((await send(`${url}/external/users/${world.user.id}`)).body).toMatchObject({
    status: 404,
    name: 'ENTITY_NOT_FOUND_ERROR',
    message: 'ENTITY_NOT_FOUND',
  });
  const created = await send(
    `-X POST ${url}/external/users -H "Content-Type: application/json" -d '{"firstName":"John","lastName":"Doe","phoneNumber":"+14155550188","customData":{"key1":"value1"}}'`,
  );
  expect(created.status).toBe(201);
  expect(created.body).toMatchObject({ phoneNumber: '+14155550188', metadata: { customData: { key1: 'value1' } } });
  expect(await send(`-H "Agent-Secret-Key: nonsense" ${url}/external/users/${world.user.id}`)).toMatchObject({
    status: 403,
  });
});
