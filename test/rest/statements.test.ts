import { beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { faces } from '../../src/rest/faces.ts';
import { createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { createCaller } from './caller.ts';
import { createRestWorld, inputs, pathOf, type RestWorld } from './world.ts';

const service = useApp();
let caller: ReturnType<typeof createCaller>;
let world: RestWorld;
beforeAll(async () => {
  caller = createCaller(service);
  world = await createRestWorld(service);
});

/** The reads that take more than one statement, each with the reason. */
const exceptions: Readonly<Record<string, readonly [statements: number, reason: string]>> = {
  'conversations.listConversationsOfParticipant': [2, 'what the id is of says which index has the page in order'],
  'conversations.listConversationsOfContact': [2, 'the page goes by the index of the user that was found'],
};

const reads = faces.flatMap((face) =>
  face.operations
    .filter(({ method, answers }) => method === 'GET' && Object.keys(answers).length > 0)
    .map((operation) => ({ name: `${face.name}.${operation.id}`, path: operation.path })),
);

/** How many statements a read takes once its credential is known. */
async function cost(path: string, query = ''): Promise<number> {
  const read = () => caller.call('GET', path, { query, headers: { authorization: world.authorization } });
  await read();
  const before = service.statements.length;
  expect((await read()).status).toBe(200);
  return service.statements.length - before;
}

test.each(reads)('$name takes one statement, for any number of rows', async ({ name, path }) => {
  const query = inputs[name]?.(world).query;
  const expected = exceptions[name]?.[0] ?? 1;
  expect(await cost(pathOf(path, world), query)).toBe(expected);
  await createParticipant(world.tenant, { displayName: newId(), agentIds: [world.agent] });
  expect(await cost(pathOf(path, world), query)).toBe(expected);
});

test('every exception is a read', () => {
  expect(reads.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(exceptions)));
});

test('a participant with more than one statement reads is whole in a list, and takes one for each kind of part', async () => {
  const own = await createRestWorld(service);
  const headers = { authorization: own.authorization };
  const channels = Array.from({ length: 60 }, (_, index) => ({
    integrationConfigId: own.config,
    address: `U0MANY${index}`,
    priority: index,
  }));
  const id = await createParticipant(own.tenant, { displayName: 'Zoe', channels, agentIds: [own.agent] });
  const path = `/v1/tenants/${own.tenant.id}/participants`;
  await caller.call('GET', path, { headers });
  const before = service.statements.length;
  const { body } = await caller.call('GET', path, { headers });
  expect(service.statements.length - before).toBe(5);
  expect(body.map((one: { channels: object[] }) => one.channels.length)).toEqual([1, 60]);
  expect(body[1]).toEqual((await caller.call('GET', `${path}/${id}`, { headers })).body);
  expect(body[1].agentIds).toEqual([own.agent]);
});
