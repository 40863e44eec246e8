import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { sweepIdempotencyKeys } from '../../src/idempotency/once.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant, type Untyped } from '../app.ts';
import { createAccessKey, createAgent } from '../factories.ts';

let service: TestApp;
beforeAll(async () => {
  service = await startApp();
});
afterAll(() => service.close());

/**
 * Each mutation that creates: an input that is new each time, the input that differs, and where the id of what it made
 * is.
 */
let count = 0;
const creates: Record<string, { input: (agent: string) => object; other: object; made: string }> = {
  createParticipant: {
    input: () => ({ kind: 'PERSON', displayName: 'Ada' }),
    other: { displayName: 'Bo' },
    made: 'participant',
  },
  createAgent: { input: () => ({ id: `once-${++count}`, name: 'A' }), other: { name: 'B' }, made: 'agent' },
  createConversation: { input: () => ({ name: 'Talk' }), other: { name: 'Other' }, made: 'conversation' },
  createExternalUser: {
    input: () => ({ firstName: 'A', lastName: 'B', fkId: `once-${++count}`, metadata: { b: [1, null], a: 2 } }),
    other: { firstName: 'C' },
    made: 'user',
  },
  createIntegrationConfig: {
    input: () => ({ provider: 'slack', name: 'Ours' }),
    other: { name: 'Theirs' },
    made: 'integrationConfig',
  },
  createAccessKey: { input: () => ({ name: 'Ours', scopes: ['ADMIN'] }), other: { name: 'Theirs' }, made: 'key' },
  createAgentSecretKey: { input: (agentId) => ({ agentId }), other: { agentId: 'another' }, made: 'key' },
};
const call = (tenant: TestTenant, name: string, input: object, headers?: Record<string, string>) =>
  tenant.graphql(
    `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${creates[name]?.made} { id } ${/Key$/.test(name) ? 'secret' : ''} } }`,
    { input },
    headers,
  );
const idOf = (name: string, answer: Awaited<ReturnType<typeof call>>): string =>
  (dataOf(answer)[name] as Untyped)[creates[name]?.made ?? '']?.id;
const keys = (tenant: TestTenant) =>
  service.app.database.prisma.idempotencyKey.count({ where: { tenantId: tenant.id } });

describe.each(Object.entries(creates))('%s', (name, { input, other, made }) => {
  test('with a key is done once, and says the same again', async () => {
    const tenant = await service.createTenant();
    const given = { ...input(await createAgent(tenant)), idempotencyKey: 'first' };
    const first = await call(tenant, name, given);
    const again = await call(tenant, name, Object.fromEntries(Object.entries(given).reverse()));
    expect(idOf(name, again)).toBe(idOf(name, first));
    if (made === 'key')
      expect([dataOf(first)[name].secret, dataOf(again)[name].secret]).toEqual([expect.any(String), null]);
    const clash = await call(tenant, name, { ...given, ...other });
    expect([problemOf(clash), clash.errors?.[0]?.extensions.errors?.[0]?.path]).toEqual([
      { code: 'CONFLICT', status: 409 },
      ['input', 'idempotencyKey'],
    ]);
    expect(await keys(tenant)).toBe(1);
  });

  test('takes one statement more with a key, and none without', async () => {
    const tenant = await service.createTenant();
    const agent = await createAgent(tenant);
    const without = await call(tenant, name, input(agent));
    const keyed = await call(tenant, name, { ...input(agent), idempotencyKey: 'counted' });
    const isClaim = (text: string) => /idempotency_key/.test(text);
    expect(without.statements.filter(isClaim)).toEqual([]);
    expect(keyed.statements.filter(isClaim)).toHaveLength(1);
    expect(keyed.statements).toHaveLength(without.statements.length + 1);
  });
});

test('many external users are created once, and given again in their order', async () => {
  const tenant = await service.createTenant();
  const create = (users: readonly string[]) =>
    tenant.graphql(
      'mutation ($input: CreateExternalUsersInput!) { createExternalUsers(input: $input) { externalUsers { id fkId } } }',
      {
        input: { idempotencyKey: 'many', users: users.map((fkId) => ({ firstName: 'A', lastName: 'B', fkId })) },
      },
    );
  const first = dataOf(await create(['c', 'a', 'b'])).createExternalUsers.externalUsers;
  expect(first.map(({ fkId }: { fkId: string }) => fkId)).toEqual(['c', 'a', 'b']);
  expect(dataOf(await create(['c', 'a', 'b'])).createExternalUsers.externalUsers).toEqual(first);
  expect(problemOf(await create(['a', 'c', 'b']))).toEqual({ code: 'CONFLICT', status: 409 });
  expect(await service.app.database.prisma.externalUser.count({ where: { tenantId: tenant.id } })).toBe(3);
});

test('a hundred repeats at once create one', async () => {
  const tenant = await service.createTenant();
  for (const name of ['createParticipant', 'createExternalUser'] as const) {
    const given = { ...creates[name]?.input(''), idempotencyKey: name };
    const answers = await Promise.all(Array.from({ length: 100 }, () => call(tenant, name, given)));
    expect(new Set(answers.map((answer) => idOf(name, answer))).size).toBe(1);
  }
  const { prisma } = service.app.database;
  const where = { tenantId: tenant.id };
  expect([await prisma.participant.count({ where }), await prisma.externalUser.count({ where })]).toEqual([1, 1]);
});

test('what was refused leaves no key, and can be done with it later', async () => {
  const tenant = await service.createTenant();
  const given = { kind: 'PERSON', displayName: 'Ada', agentIds: ['late'], idempotencyKey: 'k' };
  expect(problemOf(await call(tenant, 'createParticipant', given)).code).toBe('AGENT_NOT_FOUND');
  const user = { firstName: 'A', lastName: 'B', fkId: 'taken' };
  dataOf(await call(tenant, 'createExternalUser', user));
  for (const idempotencyKey of ['k', 'l'])
    expect(problemOf(await call(tenant, 'createExternalUser', { ...user, idempotencyKey })).code).toBe(
      'USER_ALREADY_EXISTS',
    );
  const agent = { id: 'late', name: 'Late' };
  dataOf(await call(tenant, 'createAgent', agent));
  expect(problemOf(await call(tenant, 'createAgent', { ...agent, idempotencyKey: 'm' })).code).toBe('CONFLICT');
  expect(await keys(tenant)).toBe(0);
  dataOf(await call(tenant, 'createParticipant', given));
  expect(await keys(tenant)).toBe(1);
});

test('a key is its credential’s, its operation’s and its tenant’s', async () => {
  const [tenant, other] = [await service.createTenant(), await service.createTenant()];
  const given = { name: 'Talk', idempotencyKey: 'same' };
  const first = idOf('createConversation', await call(tenant, 'createConversation', given));
  expect(idOf('createConversation', await call(other, 'createConversation', given))).not.toBe(first);
  const { secret } = dataOf(await call(tenant, 'createAccessKey', { name: 'K', scopes: ['ADMIN'] })).createAccessKey;
  const headers = { authorization: `AccessKey ${secret}` };
  expect(idOf('createConversation', await call(tenant, 'createConversation', given, headers))).not.toBe(first);
  const answer = await call(tenant, 'createParticipant', {
    kind: 'PERSON',
    displayName: 'Ada',
    idempotencyKey: 'same',
  });
  expect(problemOf(answer).code).toBe('CONFLICT');
});

test('keys that are none are refused', async () => {
  for (const idempotencyKey of ['', 'x'.repeat(256), 'a\u0000b', '\ud800']) {
    const answer = await call(service.tenant, 'createConversation', { idempotencyKey });
    expect(problemOf(answer).code).toBe('VALIDATION_FAILED');
  }
  for (const idempotencyKey of ['x'.repeat(255), '🗝️ ', "';--"])
    expect((await call(service.tenant, 'createConversation', { idempotencyKey })).errors).toBe(undefined);
});

test('what was created and deleted since is not created again', async () => {
  const given = { ...creates['createExternalUser']?.input(''), idempotencyKey: 'gone' };
  const id = idOf('createExternalUser', await call(service.tenant, 'createExternalUser', given));
  await service.tenant.graphql('mutation ($id: ID!) { deleteExternalUser(input: { id: $id }) { deletedId } }', { id });
  expect(problemOf(await call(service.tenant, 'createExternalUser', given)).code).toBe('EXTERNAL_USER_NOT_FOUND');
});

test('a key ends after a day, swept or not', async () => {
  const tenant = await service.createTenant();
  const { prisma } = service.app.database;
  const create = async (idempotencyKey: string) =>
    idOf('createConversation', await call(tenant, 'createConversation', { name: 'Talk', idempotencyKey }));
  const age = (hours: number) =>
    prisma.idempotencyKey.updateMany({
      where: { tenantId: tenant.id },
      data: { createdAt: new Date(Date.now() - hours * 3_600_000) },
    });
  const first = await create('a');
  await age(23);
  expect(await create('a')).toBe(first);
  await sweepIdempotencyKeys(service.app.database);
  expect(await create('a')).toBe(first);
  await age(25);
  const second = await create('a');
  expect(second).not.toBe(first);
  expect(await create('a')).toBe(second);
  await age(25);
  await Promise.all([sweepIdempotencyKeys(service.app.database), sweepIdempotencyKeys(service.app.database)]);
  expect(await keys(tenant)).toBe(0);
});

test('calls in any order create at most once for each key', async () => {
  const tenant = await service.createTenant();
  const step = fc.record({ key: fc.constantFrom('a', 'b', null), name: fc.constantFrom('One', 'Two') });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      run += 1;
      const first = new Map<string, { name: string; id: string }>();
      const ids: string[] = [];
      for (const { key, name } of steps) {
        const idempotencyKey = key && `${run} ${key}`;
        const answer = await call(tenant, 'createConversation', { name, idempotencyKey });
        const before = key === null ? undefined : first.get(key);
        if (before && before.name !== name) {
          expect(problemOf(answer).code).toBe('CONFLICT');
          continue;
        }
        const id = idOf('createConversation', answer);
        if (before) expect(id).toBe(before.id);
        else ids.push(id);
        if (key !== null && !before) first.set(key, { name, id });
      }
      expect(new Set(ids).size).toBe(ids.length);
    }),
    { numRuns: 20 },
  );
});

describe.skipIf(!('url' in inject('database')))('two replicas', () => {
  test('create one between them', async () => {
    const there = await startApp();
    const tenant = await service.createTenant();
    const { headers: signedIn } = await createAccessKey(tenant, ['ADMIN']);
    const headers = { 'content-type': 'application/json', ...signedIn };
    const query =
      'mutation { createParticipant(input: { kind: PERSON, displayName: "Ada", idempotencyKey: "k" }) { participant { id } } }';
    const ask = async ({ app }: TestApp) => {
      const request = new Request('http://localhost/graphql', {
        method: 'POST',
        headers,
        body: JSON.stringify({ query }),
      });
      return ((await (await app.fetch(request)).json()) as Untyped).data.createParticipant.participant.id;
    };
    try {
      const ids = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(index % 2 ? service : there)));
      expect(new Set(ids).size).toBe(1);
    } finally {
      await there.close();
    }
  });
});
