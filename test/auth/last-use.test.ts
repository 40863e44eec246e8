import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLastUse } from '../../src/auth/last-use.ts';
import { newId } from '../../src/database/ids.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAccessKey, createAgent, createAgentKey } from '../factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

const hour = 3_600_000;
const beginningOfHour = (timestamp: number) => Math.floor(timestamp / hour) * hour;
const ask = (headers: Record<string, string>) => tenant.graphql('{ viewer { kind } }', {}, headers);
const shown = async (id: string): Promise<string | null> =>
  dataOf(await tenant.graphql('query ($id: ID!) { node(id: $id) { ... on CredentialKey { lastUsedAt } } }', { id }))
    .node.lastUsedAt;
const failed = (error: unknown) => {
  throw error;
};
const stored = (id: string) => service.app.database.prisma.credentialKey.findFirstOrThrow({ where: { id } });

test.each([
  ['an access key', (_: string) => createAccessKey(tenant, ['ADMIN'])],
  ['an agent’s key', (agent: string) => createAgentKey(tenant, agent)],
])('%s shows the hour in which it was last used, soon after', async (_, create) => {
  const { id, headers } = await create(await createAgent(tenant));
  expect(await shown(id)).toBeNull();
  const before = beginningOfHour(Date.now());
  dataOf(await ask(headers));
  await expect.poll(() => shown(id), { timeout: 20_000 }).not.toBeNull();
  const at = Date.parse((await shown(id)) as string);
  expect(at % hour).toBe(0);
  expect(at).toBeGreaterThanOrEqual(before);
  expect(at).toBeLessThanOrEqual(Date.now());
});

test('what did not sign anybody in is no use', async () => {
  const { id, headers } = await createAccessKey(tenant, ['ADMIN']);
  await ask({ authorization: `${headers['authorization']}x` });
  await ask({ 'agent-secret-key': (headers['authorization'] as string).replace('AccessKey ', '') });
  const other = await createAccessKey(tenant, ['ADMIN']);
  dataOf(await ask(other.headers));
  await expect.poll(() => shown(other.id), { timeout: 20_000 }).not.toBeNull();
  expect(await shown(id)).toBeNull();
});

test('is written once an hour for each key, whichever replica sees it, and never back', async () => {
  const { database } = service.app;
  const { id } = await createAccessKey(tenant, ['ADMIN']);
  const writes: string[] = [];
  const counting = {
    now: database.now,
    query: ((statement, ...values) => {
      writes.push(statement.name);
      return database.query(statement, ...values);
    }) as typeof database.query,
  };
  const replicas = [createLastUse(counting, failed, 60_000), createLastUse(counting, failed, 60_000)] as const;
  const read = await stored(id);
  for (let times = 0; times < 50; times++) for (const replica of replicas) replica.note(read);
  await Promise.all(replicas.map((replica) => replica.flush()));
  expect(writes).toHaveLength(2);
  const first = (await stored(id)).lastUsedAt as Date;
  expect(first.getTime()).toBe(beginningOfHour(first.getTime()));
  // Known from the row: nothing is noted any more.
  for (const replica of replicas) {
    replica.note(await stored(id));
    await replica.flush();
  }
  expect(writes).toHaveLength(2);

  const setTo = (lastUsedAt: Date) =>
    database.prisma.credentialKey.updateMany({ where: { tenantId: tenant.id, id }, data: { lastUsedAt } });
  await setTo(new Date(first.getTime() - hour));
  replicas[0].note(await stored(id));
  await replicas[0].flush();
  expect((await stored(id)).lastUsedAt?.getTime()).toBeGreaterThanOrEqual(first.getTime());
  const later = new Date(first.getTime() + 5 * hour);
  await setTo(later);
  replicas[1].note(read);
  await replicas[1].flush();
  expect((await stored(id)).lastUsedAt).toEqual(later);
});

test('takes nothing from a caller: a failure is told, and the next use notes it again', async () => {
  const { database } = service.app;
  const told: unknown[] = [];
  let fails = true;
  const failing = {
    now: database.now,
    query: ((statement, ...values) =>
      fails ? Promise.reject(new Error('away')) : database.query(statement, ...values)) as typeof database.query,
  };
  const lastUse = createLastUse(failing, (error) => told.push(error), 60_000);
  const { id } = await createAccessKey(tenant, ['ADMIN']);
  const key = await stored(id);
  lastUse.note(key);
  await lastUse.flush();
  expect([told.length, (await stored(id)).lastUsedAt]).toEqual([1, null]);
  fails = false;
  lastUse.note(key);
  lastUse.note({ tenantId: newId(), id: newId(), lastUsedAt: null });
  await lastUse.flush();
  expect((await stored(id)).lastUsedAt).toBeInstanceOf(Date);
});
