import { InMemoryCache } from '@apollo/client/cache';
import { createClient, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { getNamedType, introspectionFromSchema, isInterfaceType, isLeafType, isRequiredArgument, parse } from 'graphql';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf, startApp, type TestApp } from '../app.ts';
import { nodesOf } from '../tenants/nodes.ts';
import { createWorld, type World } from '../tenants/world.ts';

const schema = buildSchema();
const node = schema.getType('Node');
const types = isInterfaceType(node) ? schema.getPossibleTypes(node) : [];
let service: TestApp;
let world: World;
let nodes: [string, string][];
beforeAll(async () => {
  service = await startApp();
  world = await createWorld(service, 'caches', '+14155550173');
  nodes = Object.entries(await nodesOf(service, world));
});
afterAll(() => service.close());

/** Everything of a type that is no other thing. */
const leaves = (typeName: string) =>
  Object.values(types.find(({ name }) => name === typeName)?.getFields() ?? {})
    .filter(({ type, args }) => isLeafType(getNamedType(type)) && !args.some(isRequiredArgument))
    .map(({ name }) => name)
    .join(' ');
const document = (typeName: string, fields: string) =>
  `query ($id: ID!) { node(id: $id) { __typename id ... on ${typeName} { ${fields} } } }`;

test('Apollo’s cache keeps what it was given of every type with an id', async () => {
  const cache = new InMemoryCache({ possibleTypes: { Node: types.map(({ name }) => name) } });
  const given = new Map<string, object>();
  for (const [typeName, id] of nodes) {
    const query = document(typeName, leaves(typeName));
    const data = dataOf(await world.tenant.graphql(query, { id }));
    given.set(typeName, data.node);
    cache.writeQuery({ query: parse(query), variables: { id }, data });
    // Another query knows less of it, and takes nothing away.
    cache.writeQuery({
      query: parse(document(typeName, '__typename')),
      variables: { id },
      data: { node: { __typename: typeName, id } },
    });
  }
  expect(given.size).toBe(types.length);
  for (const [typeName, id] of nodes) {
    const fragment = parse(`fragment F on ${typeName} { __typename id ${leaves(typeName)} }`);
    expect(cache.readFragment({ id: `${typeName}:${id}`, fragment })).toEqual(given.get(typeName));
  }
});

test('urql’s cache keeps what it was given of every type with an id', async () => {
  const warnings: string[] = [];
  let requests = 0;
  const headers = { authorization: `Bearer ${await world.tenant.token()}` };
  const client = createClient({
    url: 'http://localhost/graphql',
    preferGetMethod: false,
    exchanges: [
      cacheExchange({
        // Its own type of an introspection has fewer optional fields than graphql-js's.
        schema: introspectionFromSchema(schema) as never,
        resolvers: {
          Query: {
            node: (_, { id }, cache) => {
              const name = nodes.find(([, each]) => each === id)?.[0];
              return name && cache.resolve({ __typename: name, id: id as string }, 'id')
                ? { __typename: name, id: id as string }
                : undefined;
            },
          },
        },
        logger: (_, message) => warnings.push(message),
      }),
      fetchExchange,
    ],
    fetchOptions: { headers },
    fetch: async (url, init) => {
      requests += 1;
      return service.app.fetch(new Request(url as string, init));
    },
  });
  const ask = async (
    typeName: string,
    id: string,
    requestPolicy: 'network-only' | 'cache-only',
    fields = leaves(typeName),
  ) => {
    const { data, error } = await client.query(document(typeName, fields), { id }, { requestPolicy }).toPromise();
    if (error) throw error;
    return data;
  };
  for (const [typeName, id] of nodes) {
    const first = await ask(typeName, id, 'network-only');
    await ask(typeName, id, 'network-only', '__typename');
    expect(first.node.__typename).toBe(typeName);
    expect(await ask(typeName, id, 'cache-only')).toEqual(first);
  }
  expect(requests).toBe(2 * types.length);
  expect(warnings).toEqual([]);
});
