import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { createAgent, createAgentKey } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { createCaller } from './caller.ts';
import { createRestWorld, type RestWorld } from './world.ts';

const service = useApp();
let caller: ReturnType<typeof createCaller>;
let world: RestWorld;
const ids: string[] = [];
beforeAll(async () => {
  caller = createCaller(service);
  world = await createRestWorld(service);
  ids.push(world.user.id);
  for (const fkId of ['one', 'two', 'three', 'four'])
    ids.push((await call('POST', '/external/users', '', { firstName: 'A', lastName: 'B', fkId })).body.id);
});

const call = (method: string, path: string, query = '', body?: object, headers?: Record<string, string>) =>
  caller.call(method, path, { query, body, headers: headers ?? { authorization: world.authorization } });

describe('the list of users', () => {
  const path = '/external/agents/users';
  test('has pages by number, from either end', async () => {
    const read = async (query: string) => {
      const { status, body } = await call('GET', path, query);
      expect(status).toBe(200);
      const { data, ...page } = body;
      return { ...page, ids: data.map(({ id }: { id: string }) => id) };
    };
    const pages = { pageSize: 2, totalItems: 5, totalPages: 3 };
    const ends = (hasPreviousPage: boolean, hasNextPage: boolean) => ({ hasPreviousPage, hasNextPage });
    const first = await read('page=1&pageSize=2&orderBy=createdAt&orderDirection=ASC');
    expect(first).toEqual({ ...pages, currentPage: 1, ...ends(false, true), ids: ids.slice(0, 2) });
    const last = await read('page=3&pageSize=2&orderDirection=ASC');
    expect(last).toEqual({ ...pages, currentPage: 3, ...ends(true, false), ids: ids.slice(4) });
    const behind = await read('page=4&pageSize=2');
    expect(behind).toEqual({ ...pages, currentPage: 4, ...ends(true, false), ids: [] });
    expect((await read('')).ids).toEqual(ids.toReversed());
  });

  test.each([
    'page=0',
    'page=x',
    'page=1.5',
    'page=1000001',
    'page=1&page=2',
    'pageSize=0',
    'pageSize=101',
    'orderBy=name',
    'orderDirection=up',
  ])('refuses %s', async (query) => {
    const { status, body } = await call('GET', path, query);
    expect([status, body.name]).toEqual([400, 'BAD_REQUEST']);
    expect(body.details[1].path).toBe(query.split('=')[0]);
  });
});

test('an agent’s key lists those of its conversations, and no other agent’s', async () => {
  const other = await createAgent(world.tenant);
  const [own, foreign] = [
    await createAgentKey(world.tenant, world.agent),
    await createAgentKey(world.tenant, other),
  ].map(({ headers }) => headers);
  const listed = async (path: string, headers?: Record<string, string>) => {
    const { status, body } = await call('GET', path, '', undefined, headers);
    return status === 200 ? [body.totalItems, ...body.data.map(({ id }: { id: string }) => id)] : status;
  };
  expect(await listed('/external/agents/users', own)).toEqual([1, world.user.id]);
  expect(await listed('/external/agents/users', foreign)).toEqual([0]);
  for (const headers of [undefined, own])
    expect(await listed(`/external/agents/${world.agent}/users`, headers)).toEqual([1, world.user.id]);
  expect(await listed(`/external/agents/${other}/users`)).toEqual([0]);
  expect(await listed(`/external/agents/${world.agent}/users`, foreign)).toBe(404);
  expect(await listed('/external/agents/nobody/users')).toBe(404);
});

test('the order is that of creation, then of ids, and not that of ids alone', async () => {
  const own = await createRestWorld(service);
  const headers = { authorization: own.authorization };
  const { prisma } = service.app.database;
  const tenantId = own.tenant.id;
  const minute = (index: number) => new Date(1_700_000_000_000 + index * 60_000);
  // As an import makes them: at once, of other ages than their ids say. Some are of one age.
  const made = [5, 1, 3, 1, 4, 3, 0, 2].map((age) => ({
    tenantId,
    id: newId(),
    fkId: newId(),
    createdAt: minute(age),
  }));
  await prisma.externalUser.createMany({ data: made });
  const oldestFirst = made
    .toSorted((one, other) => +one.createdAt - +other.createdAt || (one.id < other.id ? -1 : 1))
    .map(({ id }) => id);
  const read = async (direction: string) => {
    const found: string[] = [];
    for (const page of [1, 2, 3]) {
      const query = `page=${page}&pageSize=3&orderBy=createdAt&orderDirection=${direction}`;
      const { body } = await call('GET', '/external/agents/users', query, undefined, headers);
      expect(body.totalItems).toBe(made.length + 1);
      found.push(...body.data.map(({ id }: { id: string }) => id));
    }
    return found;
  };
  expect(await read('ASC')).toEqual([...oldestFirst, own.user.id]);
  expect(await read('DESC')).toEqual([own.user.id, ...oldestFirst.toReversed()]);
});
