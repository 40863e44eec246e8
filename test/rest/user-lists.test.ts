import { beforeAll, describe, expect, test } from 'vitest';
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

test('a list costs the same number of statements for any length', async () => {
  const cost = async () => {
    const before = service.statements.length;
    await call('GET', '/external/agents/users');
    return service.statements.length - before;
  };
  await cost();
  expect(await cost()).toBe(2);
});
