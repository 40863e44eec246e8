import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { developmentKeys, developmentToken } from '../../src/auth/development-keys.ts';
import { readConfig } from '../../src/config.ts';
import { demoTenant } from '../../src/demo/tenant.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { bindingOf, generate } from '../webhooks/webhooks.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-curl-'));
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
let service: TestApp;
let demo: TestTenant;
let url: string;
beforeAll(async () => {
  own = await createOwnDatabase(inject('database'));
  const environment = {
    DEMO: 'on',
    PORT: '0',
    DATA_DIR: folder,
    TRUSTED_DOCUMENTS: 'examples/trusted-documents.json',
  };
  service = await startApp(environment, undefined, { database: own.place });
  ({ url } = await service.app.listen());
  const token = await developmentToken(developmentKeys(folder), demoTenant.id, readConfig(environment).jwt);
  const headers = { authorization: `Bearer ${token}` };
  demo = {
    ...service.tenant,
    id: demoTenant.id,
    graphql: (document, variables, given = headers) => service.tenant.graphql(document, variables, given),
  };
});
afterAll(async () => {
  await service.close();
  await own.drop();
  rmSync(folder, { recursive: true, force: true });
});

const has = (...programs: string[]) =>
  programs.every((program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0);

/** The shell commands of a document that have these words, at this service. */
function commandsOf(file: string, words: string): string[] {
  const blocks = [...readFileSync(file, 'utf8').matchAll(/^```sh\n(.*?)^```/gms)].map(([, block = '']) => block);
  return blocks.filter((block) => block.includes(words)).map((block) => block.replaceAll('http://localhost:4000', url));
}
const env = (more: object = {}) => ({ ...process.env, DATA_DIR: folder, ...more });
const run = async (command: string, more: object = {}) =>
  (await promisify(execFile)('sh', ['-c', command], { env: env(more) })).stdout;

test.skipIf(!has('curl', 'npm'))('the README’s commands upload an avatar, and hear of it', async () => {
  const [subscribe] = commandsOf('README.md', 'subscription {');
  const [upload] = commandsOf('README.md', '-F operations=');
  if (!subscribe || !upload) throw new Error('The README has these commands no more.');
  expect(commandsOf('README.md', 'curl ')).toHaveLength(4);
  // Its own process group: the shell's curl ends with it.
  const hearing = spawn('sh', ['-c', subscribe], { env: env(), detached: true });
  try {
    let heard = '';
    const event = new Promise<void>((resolve) => {
      hearing.stdout.on('data', (data) => {
        heard += data;
        if (heard.includes('"displayName"')) resolve();
      });
    });
    // Nobody says when a stream is open, so the upload is repeated until it is heard of.
    for (let heardOf = false; !heardOf; ) {
      const { data, errors } = JSON.parse(await run(upload));
      expect(errors).toBeUndefined();
      expect(data.uploadParticipantAvatar.participant.avatarUrl).toContain('/files/');
      heardOf = await Promise.race([event.then(() => true), new Promise<false>((no) => setTimeout(no, 500, false))]);
    }
    expect(heard).toMatch(/"outcome":"SYNCED","participant":\{"displayName":"/);
  } finally {
    if (hearing.pid !== undefined) process.kill(-hearing.pid);
  }
});

test.skipIf(!has('curl', 'npm'))('the README’s command runs a trusted document', async () => {
  const [command] = commandsOf('README.md', '"documentId"');
  if (!command) throw new Error('The README has this command no more.');
  const { data } = JSON.parse(await run(command));
  expect(data.whoIs.participants).toEqual([expect.objectContaining({ displayName: 'Ada Lovelace' })]);
});

test.skipIf(!has('curl', 'npm'))('the README’s command calls a tool', async () => {
  const [command] = commandsOf('README.md', 'tools/call');
  if (!command) throw new Error('The README has this command no more.');
  const { result } = JSON.parse(await run(command));
  expect(result.structuredContent.whoIs.participants).toEqual([
    expect.objectContaining({ displayName: 'Ada Lovelace' }),
  ]);
});

test.skipIf(!has('curl', 'openssl', 'xxd'))('the commands for webhooks deliver a message', async () => {
  const commands = commandsOf('docs/webhooks.md', '$WEBHOOK_URL');
  expect(commands).toHaveLength(2);
  for (const [index, provider] of ['sms', 'telegram'].entries()) {
    const integrationConfigId = await createConfig(demo, provider);
    const participant = await createParticipant(demo, { agentIds: [await createAgent(demo)] });
    const bindingId = provider === 'sms' ? await bindingOf(demo, participant) : null;
    const webhook = await generate(demo, { integrationConfigId, bindingId });
    const WEBHOOK_URL = webhook.url.replace(/^https?:\/\/[^/]+/, url);
    expect(await run(commands[index] ?? '', { WEBHOOK_URL, SIGNING_SECRET: webhook.secret })).toMatch(
      /^HTTP\/1.1 200 /,
    );
    const answer = await demo.graphql(
      'query ($filter: UnknownSenderFilter) { unknownSendersConnection(filter: $filter) { nodes { displayName messageCount } } }',
      { filter: { integrationConfigId } },
    );
    expect(dataOf(answer).unknownSendersConnection.nodes).toEqual([
      { displayName: ['Ada Lovelace', 'Konrad'][index], messageCount: 1 },
    ]);
  }
});

test.skipIf(!has('curl'))('the command for the users’ face finds a user', async () => {
  const commands = commandsOf('docs/rest.md', 'curl ');
  expect(commands).toHaveLength(1);
  const agentId = await createAgent(demo);
  const { headers } = await createAgentKey(demo, agentId);
  dataOf(
    await demo.graphql(
      'mutation { createExternalUser(input: { firstName: "Ada", lastName: "L", email: "ada@example.com" }) { externalUser { id } } }',
    ),
  );
  const found = JSON.parse(await run(commands[0] ?? '', { SECRET: headers['agent-secret-key'] }));
  expect(JSON.stringify(found)).toContain('ada@example.com');
});
