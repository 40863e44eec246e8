import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { connectEmbedded } from '../../src/database/embedded.ts';
import { newId } from '../../src/database/ids.ts';
import { connectPostgres } from '../../src/database/postgres.ts';
import { dataOf, startApp, type TestTenant, type Untyped } from '../app.ts';
import { createAccessKey, createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { builtEntry } from '../setup/built.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { useApp } from '../use-app.ts';

// The source serves its three faces over a port.
const service = useApp({ PORT: '0' });
const folder = mkdtempSync(join(tmpdir(), 'rollcall-import-'));
let url: string;
let there: { env: Record<string, string>; drop(): Promise<void> };
let target: { id: string; headers: Record<string, string> };

beforeAll(async () => {
  ({ url } = await service.app.listen());
  const place = inject('database');
  const own = await createOwnDatabase(place);
  there = { env: { DATA_DIR: folder, ...('url' in own.place && { DATABASE_URL: own.place.url }) }, drop: own.drop };
  const { stdout } = await command('tenant', ['create', 'The other place']);
  const [, id = '', key = ''] = /tenant +(\S+)\naccess key +(\S+)/.exec(stdout) ?? [];
  target = { id, headers: { authorization: `AccessKey ${key}` } };
}, 60_000);
afterAll(async () => {
  await there.drop();
  rmSync(folder, { recursive: true, force: true });
});

type Ended = { status: number | null; stdout: string; stderr: string };

/** Runs a command on the other place, and kills it where a line of its output says so. */
async function command(name: string, args: readonly string[], killAt?: RegExp): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...there.env };
  const child = spawn(process.execPath, [await builtEntry(`commands/${name}`), ...args], { env });
  const ended: Ended = { status: null, stdout: '', stderr: '' };
  child.stdout.on('data', (text) => {
    ended.stdout += text;
    if (killAt?.test(ended.stdout)) child.kill('SIGKILL');
  });
  child.stderr.on('data', (text) => {
    ended.stderr += text;
  });
  ended.status = await new Promise((resolve) => child.on('close', resolve));
  return ended;
}

const imported = (from: string, credential: string, tenant: TestTenant, killAt?: RegExp) =>
  command(
    'import',
    ['--from', from, '--url', url, '--credential', credential, '--source-tenant', tenant.id, '--tenant', target.id],
    killAt,
  );
const secretOf = (headers: Record<string, string>) => (Object.values(headers)[0] ?? '').replace(/^\w+ /, '');

/** What queries answer about a tenant, except for what the faces cannot tell. */
async function everything(graphql: (document: string) => Promise<Untyped>): Promise<Untyped> {
  const { agents, integrationConfigs, participants } = await graphql(
    `{ agents { id name } integrationConfigs { id provider name defaultRegion }
       participants { id kind displayName email createdAt disabledAt relatedAgent { id } agents { id }
         channels { integrationConfigId provider address priority label disabled } } }`,
  );
  const users = await graphql(
    '{ externalUsersConnection(first: 100) { nodes { id firstName lastName displayName email phoneNumber fkId fkUserId context source metadata } } }',
  );
  const talks = await graphql(
    '{ conversationsConnection(first: 100) { nodes { id name description attributes createdAt participants { type participantId status displayName } } } }',
  );
  const byId = (rows: Untyped[]) => [...rows].sort((one, other) => (one.id < other.id ? -1 : 1));
  return {
    agents: byId(agents),
    integrationConfigs: byId(integrationConfigs),
    participants,
    users: byId(users.externalUsersConnection.nodes),
    conversations: byId(talks.conversationsConnection.nodes),
  };
}

/** Runs work with the service on the other place's database. */
async function onOtherPlace<Result>(
  work: (graphql: (document: string) => Promise<Untyped>) => Promise<Result>,
): Promise<Result> {
  const { DATABASE_URL } = there.env;
  const connection = DATABASE_URL
    ? connectPostgres(DATABASE_URL, 4)
    : await connectEmbedded({ folder: `${folder}/database` });
  const other = await startApp({}, () => connection);
  try {
    return await work(async (document) => dataOf(await other.tenant.graphql(document, {}, target.headers)));
  } finally {
    await other.close();
  }
}

async function makeRich(tenant: TestTenant): Promise<void> {
  const run = async (document: string, variables: Untyped) => dataOf(await tenant.graphql(document, variables));
  const agent = await createAgent(tenant, 'sales.bot');
  const lonely = await createAgent(tenant, 'lonely');
  const [slack, sms, demo] = [
    await createConfig(tenant),
    await createConfig(tenant, 'sms'),
    await createConfig(tenant, 'demo'),
  ];
  await run(
    'mutation ($input: UpdateIntegrationConfigInput!) { updateIntegrationConfig(input: $input) { integrationConfig { id } } }',
    { input: { integrationConfigId: sms, defaultRegion: 'DE' } },
  );
  const people: string[] = [];
  for (let n = 0; n < 130; n += 1)
    people.push(
      await createParticipant(tenant, {
        displayName: `Person ${n}`,
        ...(n % 2 === 0 && { email: `p${n}@rich.example`, agentIds: [agent] }),
        channels: [
          { integrationConfigId: slack, address: `U${n}`, priority: n % 3, label: 'work', disabled: n % 5 === 0 },
          ...(n % 4 === 0 ? [{ integrationConfigId: sms, address: '0171 1234567' }] : []),
          ...(n % 9 === 0 ? [{ integrationConfigId: demo, address: ` ${n}` }] : []),
        ],
      }),
    );
  await createParticipant(tenant, { kind: 'AI_AGENT', displayName: 'Bot', relatedAgentId: lonely });
  await createParticipant(tenant, { kind: 'GROUP', displayName: 'Team' });
  await run(
    'mutation ($input: DisableParticipantInput!) { disableParticipant(input: $input) { participant { id } } }',
    { input: { participantId: people[3] } },
  );
  const users: string[] = [];
  for (let n = 0; n < 30; n += 1) {
    const input = {
      firstName: `U${n}`,
      lastName: 'Rich',
      fkId: ` fk ${n}`,
      email: n % 2 ? `u${n}@rich.example` : null,
      metadata: { n, deep: [{ a: null }] },
      context: n % 3 ? ' lines\n ' : null,
    };
    users.push(
      (
        await run(
          'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
          { input },
        )
      ).createExternalUser.externalUser.id,
    );
  }
  const member = (by: object, status = 'ACTIVE') => ({ participant: by, status });
  for (let n = 0; n < 12; n += 1) {
    const participants = [
      member({ user: { id: people[n] } }),
      member({ contact: { id: users[n] } }, 'PENDING'),
      member({ flow: { id: `flow ${n}` } }),
      member(
        { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: `made-${n}@rich.example` } },
        'INVITED',
      ),
    ];
    const input = {
      name: n % 2 ? `Talk ${n}` : null,
      description: 'About\nit',
      attributes: { n },
      agentId: n % 3 ? agent : null,
      participants,
    };
    const { createConversation } = await run(
      'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
      { input },
    );
    const { id } = createConversation.conversation;
    if (n === 0)
      for (const person of people.slice(20))
        await run(
          'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created } }',
          { input: { conversationId: id, participant: { user: { id: person } } } },
        );
    if (n % 4 === 0)
      await run(
        'mutation ($input: CloseConversationInput!) { closeConversation(input: $input) { conversation { id } } }',
        { input: { conversationId: id } },
      );
  }
}

test('a rich tenant is moved by its three faces, and answers the same', { timeout: 180_000 }, async () => {
  await makeRich(service.tenant);
  const agentKey = secretOf((await createAgentKey(service.tenant, 'lonely')).headers);
  const accessKey = secretOf((await createAccessKey(service.tenant, ['ADMIN'])).headers);
  const token = await service.tenant.token();
  const first = await imported('participants', token, service.tenant);
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout).toContain('agents: 2 of 2, 2 created');
  expect(first.stdout).toContain('integration configs: 3 of 3, 3 created');
  expect(first.stdout).toContain('participants: 132 of 132, 132 created');
  // Any credential goes to any face, in the header that is its own.
  expect(await imported('users', accessKey, service.tenant)).toMatchObject({ status: 0, stderr: '' });
  expect((await imported('users', 'no credential', service.tenant)).status).toBe(1);
  expect(await imported('conversations', token, service.tenant)).toMatchObject({ status: 0, stderr: '' });

  const here = await everything(async (document) => dataOf(await service.tenant.graphql(document)));
  expect(await onOtherPlace(everything)).toEqual(here);

  for (const [from, credential] of [
    ['participants', accessKey],
    ['users', token],
    ['conversations', accessKey],
  ] as const) {
    const { stdout, ...again } = await imported(from, credential, service.tenant);
    expect(again).toEqual({ status: 0, stderr: '' });
    for (const line of stdout.trim().split('\n'))
      expect(line).toMatch(/ 0 created, 0 updated, \d+ unchanged, 0 rejected$/);
  }
  expect(agentKey).toMatch(/^rcs_/);
  expect(readdirSync(folder).filter((name) => name.startsWith('import-'))).toEqual([]);
});

test('an import that is killed in the middle goes on where it was', { timeout: 120_000 }, async () => {
  const tenant = await service.createTenant();
  const data = Array.from({ length: 450 }, (_, n) => ({ tenantId: tenant.id, id: newId(), fkId: `killed-${n}` }));
  await service.app.database.prisma.externalUser.createMany({ data });
  const token = await tenant.token();
  const killed = await imported('users', token, tenant, /users: 200 of 450/);
  expect(killed.status).toBeNull();
  const { status, stdout, stderr } = await imported('users', token, tenant);
  expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('Going on') });
  expect(stdout).not.toContain('users: 100 of 450, 100 created');
  const again = await imported('users', token, tenant);
  expect(again.stdout).toContain('users: 450 of 450, 0 created, 0 updated, 450 unchanged, 0 rejected');
});
