import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAccessKey, createAgent, createAgentKey } from '../factories.ts';
import { rowsOf, writtenRowsOf } from '../tenants/world.ts';
import { signIn } from './tokens.ts';

let service: TestApp;
beforeAll(async () => {
  service = await startApp();
});
afterAll(() => service.close());

const revoke = (id: string) =>
  service.tenant.graphql('mutation ($id: ID!) { revokeKey(input: { id: $id }) { key { id revokedAt } } }', { id });
const create = (input: object) =>
  service.tenant.graphql(
    'mutation ($input: CreateAccessKeyInput!) { createAccessKey(input: $input) { key { id kind name prefix scopes revokedAt agent { id } } secret } }',
    { input },
  );
const secretOf = (headers: Record<string, string>) => Object.values(headers)[0]!.replace('AccessKey ', '');
const refused = [401, 'UNAUTHENTICATED'];

describe('an access key', () => {
  test('signs in with the scopes it was made with', async () => {
    const { headers } = await createAccessKey(service.tenant, ['USERS_READ', 'PARTICIPANTS_READ', 'USERS_READ']);
    const answer = await service.tenant.graphql('{ viewer { kind tenant { id } agent { id } scopes } }', {}, headers);
    expect(dataOf(answer).viewer).toEqual({
      kind: 'ACCESS_KEY',
      tenant: { id: service.tenant.id },
      agent: null,
      scopes: ['PARTICIPANTS_READ', 'USERS_READ'],
    });
  });

  test('shows its secret once and its prefix always; the secret is not stored', async () => {
    const { key, secret } = dataOf(await create({ name: ' CI ', scopes: ['ADMIN'] })).createAccessKey;
    expect(key).toMatchObject({ kind: 'ACCESS_KEY', name: 'CI', scopes: ['ADMIN'], revokedAt: null, agent: null });
    expect(secret).toMatch(/^rca_[0-9a-f]{12}_[\w-]{43}$/);
    expect(secret.startsWith(`${key.prefix}_`)).toBe(true);
    const stored = JSON.stringify(await rowsOf(service.app.database, service.tenant.id));
    expect(stored).toContain(key.prefix);
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(secret.slice(-43));
  });

  test('is told from a key of another tenant with the same prefix', async () => {
    const other = await service.createTenant();
    const [mine, theirs] = await Promise.all(
      [service.tenant, other].map(({ id }) =>
        service.app.database.prisma.credentialKey.create({
          data: {
            tenantId: id,
            id: newId(),
            kind: 'ACCESS_KEY',
            name: 'Same prefix',
            prefix: 'rca_00000000beef',
            secretHash: createHash('sha256')
              .update(`rca_00000000beef_${id.padEnd(43, 'x')}`)
              .digest('hex'),
            scopes: ['admin'],
          },
        }),
      ),
    );
    for (const key of [mine!, theirs!]) {
      const headers = { authorization: `AccessKey rca_00000000beef_${key.tenantId.padEnd(43, 'x')}` };
      const answer = await service.tenant.graphql('{ viewer { tenant { id } } }', {}, headers);
      expect(dataOf(answer).viewer.tenant.id).toBe(key.tenantId);
    }
    const unknown = { authorization: `AccessKey rca_00000000beef_${'y'.repeat(43)}` };
    expect((await service.tenant.graphql('{ viewer { tenant { id } } }', {}, unknown)).status).toBe(401);
  });

  test('needs a name and at least one scope', async () => {
    const answer = await create({ name: ' ', scopes: [] });
    expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(answer.errors?.[0]?.extensions.errors?.map(({ path }) => path)).toEqual([
      ['input', 'name'],
      ['input', 'scopes'],
    ]);
  });

  test('is refused when any part of the secret is wrong', async () => {
    const { headers } = await createAccessKey(service.tenant, ['ADMIN']);
    const secret = secretOf(headers);
    const other = secretOf((await createAccessKey(service.tenant, ['ADMIN'])).headers);
    for (const wrong of [
      secret.slice(0, -1),
      `${secret}x`,
      secret.slice(0, 17) + other.slice(17),
      secret.replace('rca', 'rcs'),
    ]) {
      expect(await signIn(service, { authorization: `AccessKey ${wrong}` }), wrong).toEqual(refused);
    }
    expect(await signIn(service, { authorization: `accesskey ${secret}` })).toEqual([200, 'ACCESS_KEY']);
  });
});

describe('an agent’s secret key', () => {
  test('signs in as its agent, with the scopes of its kind', async () => {
    const agentId = await createAgent(service.tenant);
    const { headers } = await createAgentKey(service.tenant, agentId);
    const { viewer } = dataOf(await service.tenant.graphql('{ viewer { kind agent { id } scopes } }', {}, headers));
    expect(viewer).toEqual({
      kind: 'AGENT_KEY',
      agent: { id: agentId },
      scopes: ['CONVERSATIONS_READ', 'CONVERSATIONS_WRITE', 'USERS_READ', 'USERS_WRITE'],
    });
  });

  test('has no other scopes even if its row says so', async () => {
    const { id, headers } = await createAgentKey(service.tenant, await createAgent(service.tenant));
    await service.app.database.prisma.credentialKey.update({
      where: { tenantId_id: { tenantId: service.tenant.id, id } },
      data: { scopes: ['admin', 'participants:read', 'users:read'] },
    });
    expect(dataOf(await service.tenant.graphql('{ viewer { scopes } }', {}, headers)).viewer.scopes).toEqual([
      'USERS_READ',
    ]);
    expect(problemOf(await service.tenant.graphql('{ agents { id } }', {}, headers))).toEqual({
      code: 'FORBIDDEN',
      status: 403,
    });
  });

  test('of an unknown agent is not made', async () => {
    const before = await writtenRowsOf(service.app.database, service.tenant.id);
    for (const agentId of ['nobody', '', '\u0000', 'x'.repeat(5_000)]) {
      const answer = await service.tenant.graphql(
        'mutation ($agentId: ID!) { createAgentSecretKey(input: { agentId: $agentId }) { secret } }',
        { agentId },
      );
      expect(problemOf(answer).status).toBe(agentId === '\u0000' ? 400 : 404);
    }
    expect(await writtenRowsOf(service.app.database, service.tenant.id)).toEqual(before);
  });
});

describe('the list of keys', () => {
  const list = async (of: TestTenant, includeRevoked?: boolean | null) =>
    dataOf(
      await of.graphql(
        'query ($includeRevoked: Boolean) { keys(includeRevoked: $includeRevoked) { id kind name prefix scopes createdAt revokedAt agent { id } } }',
        { includeRevoked },
      ),
    ).keys;

  test('has those that work, in the order of their creation, and the others when asked for', async () => {
    const tenant = await service.createTenant();
    const agentId = await createAgent(tenant);
    const ids = [];
    for (let count = 0; count < 2; count++) {
      ids.push((await createAccessKey(tenant, ['USERS_READ'])).id);
      ids.push((await createAgentKey(tenant, agentId)).id);
    }
    dataOf(
      await tenant.graphql('mutation ($id: ID!) { revokeKey(input: { id: $id }) { key { id } } }', { id: ids[0] }),
    );
    const idsOf = (keys: { id: string }[]) => keys.map(({ id }) => id);
    for (const includeRevoked of [undefined, null, false]) {
      expect(idsOf(await list(tenant, includeRevoked))).toEqual(ids.slice(1));
    }
    const all = await list(tenant, true);
    expect(idsOf(all)).toEqual(ids);
    expect(all[0]).toMatchObject({
      kind: 'ACCESS_KEY',
      name: 'test',
      scopes: ['USERS_READ'],
      agent: null,
      revokedAt: expect.any(String),
    });
    expect(all[1]).toMatchObject({ kind: 'AGENT_KEY', name: null, agent: { id: agentId }, revokedAt: null });
  });

  test('takes a statement, and one for the agents', async () => {
    const tenant = await service.createTenant();
    for (const agent of [await createAgent(tenant), await createAgent(tenant)]) await createAgentKey(tenant, agent);
    const count = async (document: string) => {
      const before = service.statements.length;
      dataOf(await tenant.graphql(document));
      return service.statements.length - before;
    };
    await count('{ viewer { kind } }');
    expect([await count('{ keys { id } }'), await count('{ keys { id agent { id } } }')]).toEqual([1, 2]);
  });

  test('never reads what is stored of a secret', async () => {
    const before = service.statements.length;
    const { id } = await createAccessKey(service.tenant, ['ADMIN']);
    await list(service.tenant);
    await revoke(id);
    const read = service.statements
      .slice(before)
      .filter((text) => /^\s*(select|update)/.test(text) && !/k\.prefix = /.test(text));
    expect(read.filter((text) => text.includes('secret_hash'))).toEqual([]);
  });
});

describe('either key', () => {
  test('is refused in the other’s header, known or not', async () => {
    const access = secretOf((await createAccessKey(service.tenant, ['ADMIN'])).headers);
    const agent = secretOf((await createAgentKey(service.tenant, await createAgent(service.tenant))).headers);
    for (const known of [false, true]) {
      expect(await signIn(service, { 'agent-secret-key': access }), `${known}`).toEqual(refused);
      expect(await signIn(service, { authorization: `AccessKey ${agent}` })).toEqual(refused);
      expect(await signIn(service, { authorization: `Bearer ${access}` })).toEqual(refused);
      expect(await signIn(service, { authorization: `AccessKey ${access}` })).toEqual([200, 'ACCESS_KEY']);
      expect(await signIn(service, { 'agent-secret-key': agent })).toEqual([200, 'AGENT_KEY']);
    }
  });

  test('is looked up once while it is remembered, and refused at once when it is revoked', async () => {
    const { id, headers } = await createAccessKey(service.tenant, ['ADMIN']);
    const before = service.statements.length;
    for (let request = 0; request < 3; request += 1)
      expect(await signIn(service, headers)).toEqual([200, 'ACCESS_KEY']);
    expect(service.statements.slice(before).filter((text) => /from credential_key/.test(text))).toHaveLength(1);

    const first = dataOf(await revoke(id)).revokeKey.key;
    expect(first.revokedAt).not.toBeNull();
    expect(await signIn(service, headers)).toEqual(refused);
    expect(dataOf(await revoke(id)).revokeKey.key).toEqual(first);
  });

  test('revoked before it was ever used is refused', async () => {
    const { id, headers } = await createAccessKey(service.tenant, ['ADMIN']);
    await revoke(id);
    expect(await signIn(service, headers)).toEqual(refused);
  });

  test('revoked while it is being looked up is not remembered as a good one', async () => {
    let wait: Promise<void> | null = null;
    let asked = () => {};
    const slow = await startApp({}, (connection) => ({
      ...connection,
      async query(statement, values) {
        const rows = await connection.query(statement, values);
        if (wait && /from credential_key/.test(statement.text)) {
          asked();
          await wait;
        }
        return rows;
      },
    }));
    const { id, headers } = await createAccessKey(slow.tenant, ['ADMIN']);
    let go = () => {};
    wait = new Promise<void>((resolve) => {
      go = resolve;
    });
    const looking = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const early = signIn(slow, headers);
    await looking;
    dataOf(await slow.tenant.graphql('mutation ($id: ID!) { revokeKey(input: { id: $id }) { key { id } } }', { id }));
    go();
    await early;
    wait = null;
    expect(await signIn(slow, headers)).toEqual(refused);
    await slow.close();
  });

  test('that is not there cannot be revoked', async () => {
    for (const id of ['x', '0198f000-0000-7000-8000-000000000000']) {
      expect(problemOf(await revoke(id))).toEqual({ code: 'KEY_NOT_FOUND', status: 404 });
    }
  });
});

test('a key that expires ends by itself, also while it is remembered', async () => {
  const scopes = ['USERS_READ'];
  const expiresAt = new Date(Date.now() + 3_000).toISOString();
  const made = dataOf(
    await service.tenant.graphql(
      'mutation ($input: CreateAccessKeyInput!) { createAccessKey(input: $input) { key { id expiresAt } secret } }',
      { input: { name: 'Short', scopes, expiresAt } },
    ),
  ).createAccessKey;
  expect(made.key.expiresAt).toBe(expiresAt);
  const headers = { authorization: `AccessKey ${made.secret}` };
  const ask = () => service.tenant.graphql('{ viewer { subject } }', {}, headers);
  expect(dataOf(await ask()).viewer.subject).toBe(made.key.id);
  await new Promise((resolve) => setTimeout(resolve, Date.parse(expiresAt) - Date.now() + 50));
  expect(problemOf(await ask())).toEqual({ code: 'UNAUTHENTICATED', status: 401 });
  expect(
    problemOf(await create({ name: 'Past', scopes, expiresAt: new Date(Date.now() - 60_000).toISOString() })).code,
  ).toBe('VALIDATION_FAILED');
});
