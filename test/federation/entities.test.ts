import { isUnionType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf, problemOf, type Untyped } from '../app.ts';
import { createAgent, createAgentKey, createParticipant } from '../factories.ts';
import { createWorld, type World } from '../tenants/world.ts';
import { useApp } from '../use-app.ts';

const service = useApp({ FEDERATION: 'on' });
let world: World;
let theirs: World;
beforeAll(async () => {
  world = await createWorld(service, 'entities', '+14155550181');
  theirs = await createWorld(service, 'elsewhere', '+14155550182');
});

type Representation = Record<string, unknown>;
const idOfEach = ['Agent', 'Conversation', 'ConversationParticipant', 'ExternalUser', 'Participant']
  .map((type) => `... on ${type} { id }`)
  .join(' ');
const ask = (representations: unknown, headers?: Record<string, string>, selection = `__typename ${idOfEach}`) =>
  world.tenant.graphql(
    `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`,
    { representations },
    headers,
  );
const idsOf = async (representations: Representation[]) =>
  dataOf(await ask(representations))._entities.map((entity: Untyped) => entity?.id ?? null);
const user = (key: Representation): Representation => ({ __typename: 'ExternalUser', ...key });

/** One representation of each type, by its id. */
const byId = (of: World): Representation[] =>
  Object.entries({
    Agent: of.agent,
    Conversation: of.conversation,
    ConversationParticipant: of.contactMember,
    ExternalUser: of.externalUser,
    Participant: of.participant,
  }).map(([__typename, id]) => ({ __typename, id }));

describe('_entities', () => {
  test('finds each type by its id, in the order that was asked for', async () => {
    const asked = byId(world).reverse();
    expect(dataOf(await ask(asked))._entities).toEqual(asked);
  });

  test('finds an external user by each of its identifiers, in any spelling', async () => {
    const keys = [
      { email: world.email.toUpperCase() },
      { phoneNumber: '+1 (415) 555-0181' },
      { fkId: world.fkId },
      { id: world.externalUser.toUpperCase() },
      { id: world.mergedUser },
      // Several name the same user; an id is enough.
      { email: world.email, phoneNumber: world.phoneNumber, fkId: null },
      { id: world.externalUser, email: 'nobody@example.com' },
    ];
    expect(await idsOf(keys.map(user))).toEqual(keys.map(() => world.externalUser));
  });

  test('is null for what the tenant does not have, and answers the rest', async () => {
    const participant = { __typename: 'Participant', id: world.participant };
    const nobody = byId(world).map((each) => ({ ...each, id: each['__typename'] === 'Agent' ? 'nobody' : newId() }));
    const elsewhere = [theirs.email, theirs.fkId, theirs.phoneNumber];
    const asked = [
      ...byId(theirs),
      ...nobody,
      ...[{ email: elsewhere[0] }, { fkId: elsewhere[1] }, { phoneNumber: elsewhere[2] }].map(user),
    ];
    expect(await idsOf([...asked, participant])).toEqual([...asked.map(() => null), world.participant]);
  });

  test('is null for a value that nothing can have as its key', async () => {
    const values = ['', ' ', 'no id', '\u0000', 'a\u0000', '\ud800', 'x'.repeat(20_000), 7, 1.5, true, [], {}, null];
    const asked = [
      ...byId(world).flatMap((each) => values.map((id) => ({ ...each, id }))),
      ...['email', 'phoneNumber', 'fkId'].flatMap((field) => values.map((value) => user({ [field]: value }))),
    ];
    expect(await idsOf(asked)).toEqual(asked.map(() => null));
  });

  test('is null where identifiers lead to two users, or one of them to nobody', async () => {
    const other = dataOf(
      await world.tenant.graphql(
        'mutation { createExternalUser(input: { firstName: "B", lastName: "C", email: "other@example.com" }) { externalUser { id } } }',
      ),
    ).createExternalUser.externalUser.id;
    const keys = [
      { email: 'other@example.com', phoneNumber: world.phoneNumber },
      { email: world.email, fkId: 'nothing of the kind' },
      { email: world.email, fkId: 7 },
    ];
    expect(await idsOf([...keys, { email: 'other@example.com' }].map(user))).toEqual([null, null, null, other]);
  });

  test('reads a number as an agent’s id, as ID does', async () => {
    await createAgent(world.tenant, '4711');
    expect(await idsOf([{ __typename: 'Agent', id: 4711 }])).toEqual(['4711']);
  });

  test('a representation without a type or a key is an error of its own', async () => {
    const wrong = [{}, { __typename: 'Channel', id: world.channel }, { __typename: 7 }, { __typename: 'toString' }];
    const noKey = [{ __typename: 'Participant', email: world.email }, user({ firstName: 'x' })];
    const answer = await ask([...wrong, ...noKey, ...byId(world)]);
    expect(answer.data._entities.slice(0, 6)).toEqual([null, null, null, null, null, null]);
    expect(answer.data._entities.slice(6)).toEqual(byId(world));
    expect(answer.errors?.map(({ path, extensions }) => [path, extensions.code])).toEqual(
      [...wrong, ...noKey].map((_, index) => [['_entities', index], 'BAD_USER_INPUT']),
    );
  });

  test.each([[null], [[null]], ['text'], [['text']], [[[]]], [7]])(
    '%j is no list of representations',
    async (given) => {
      expect(problemOf(await ask(given))).toEqual({ code: 'BAD_USER_INPUT', status: 400 });
    },
  );

  test('an entity without its scope is null, with FORBIDDEN at its path', async () => {
    const headers = { authorization: `Bearer ${await world.tenant.token(['users:read'])}` };
    const answer = await ask(byId(world), headers);
    expect(answer.data._entities.map((entity: Untyped) => entity?.__typename ?? null)).toEqual([
      null,
      null,
      null,
      'ExternalUser',
      null,
    ]);
    expect(answer.errors?.map(({ path, extensions }) => [path?.[1], extensions.code])).toEqual(
      [0, 1, 2, 4].map((index) => [index, 'FORBIDDEN']),
    );
  });

  test('an agent’s key sees its own conversations', async () => {
    const { headers } = await createAgentKey(world.tenant, await createAgent(world.tenant));
    const own = await createAgentKey(world.tenant, world.agent);
    const asked = byId(world).slice(1, 3);
    expect(dataOf(await ask(asked, headers))._entities).toEqual([null, null]);
    expect(dataOf(await ask(asked, own.headers))._entities).toEqual(asked);
  });

  test('needs a credential', async () => {
    expect(problemOf(await ask([], {})).code).toBe('UNAUTHENTICATED');
  });
});

describe('a hundred representations are one statement', () => {
  const hundred = <Made>(make: (index: number) => Made) => Array.from({ length: 100 }, (_, index) => make(index));
  const statementsOf = async (representations: Representation[]) => {
    const answer = await ask(representations);
    expect(dataOf(answer)._entities).toHaveLength(100);
    return answer.statements;
  };

  test.each(['Conversation', 'ConversationParticipant', 'Participant', 'ExternalUser'])('of %s', async (__typename) => {
    const [, ...others] = hundred(() => ({ __typename, id: newId() }));
    const real = byId(world).find((each) => each['__typename'] === __typename) as Representation;
    expect(await statementsOf([...others, real])).toHaveLength(1);
  });

  test('of Agent', async () => {
    expect(await statementsOf(hundred((index) => ({ __typename: 'Agent', id: `a${index}` })))).toHaveLength(1);
  });

  test('of ExternalUser, by keys of every kind', async () => {
    const keys = (index: number): Representation[] => [
      { id: newId() },
      { id: world.mergedUser },
      { email: `${index}@example.com` },
      { email: world.email },
      { phoneNumber: `+1415555${1000 + index}` },
      { fkId: `key ${index}` },
    ];
    const asked = hundred((index) => user(keys(index)[index % 6] as Representation));
    const answer = await ask(asked, undefined, '... on ExternalUser { id displayName email source }');
    expect(dataOf(answer)._entities.filter(Boolean)).toHaveLength(34);
    expect(answer.statements).toHaveLength(1);
  });

  test('of participants that are there, with their fields', async () => {
    const ids = await Promise.all(hundred(() => createParticipant(world.tenant)));
    const asked = ids.map((id) => ({ __typename: 'Participant', id }));
    const answer = await ask(asked, undefined, '... on Participant { id displayName avatarUrl channels { id } }');
    expect(dataOf(answer)._entities.map((entity: Untyped) => entity.id)).toEqual(ids);
    expect(answer.statements).toHaveLength(2);
  });

  test('metadata takes one more', async () => {
    const answer = await ask([user({ email: world.email })], undefined, '... on ExternalUser { metadata }');
    expect(dataOf(answer)._entities).toEqual([{ metadata: null }]);
    expect(answer.statements).toHaveLength(2);
  });
});

describe('limits', () => {
  const many = (count: number) =>
    Array.from({ length: count }, () => ({ __typename: 'Participant', id: world.participant }));

  test('the cost counts the representations', async () => {
    const cost = async (count: number) => {
      const authorization = `Bearer ${await world.tenant.token()}`;
      const response = await service.app.fetch(
        new Request('http://localhost/graphql', {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'x-cost': '1', authorization },
          body: JSON.stringify({
            query: `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Participant { id displayName } } }`,
            variables: { r: many(count) },
          }),
        }),
      );
      return ((await response.json()) as Untyped).extensions.cost;
    };
    expect(await cost(1)).toMatchObject({ requested: 3, actual: 3 });
    expect(await cost(50)).toMatchObject({ requested: 101, actual: 101 });
  });

  test('a literal, a default and a single value are counted as well', async () => {
    const one = `{ __typename: "Participant", id: "${world.participant}" }`;
    const wide = `conversations(first: 100) { nodes { participants { id type status displayName } } }`;
    const list = `[${Array.from({ length: 60 }, () => one).join(' ')}]`;
    const documents = [
      `{ _entities(representations: ${list}) { ... on Participant { ${wide} } } }`,
      `query ($r: [_Any!]! = ${list}) { _entities(representations: $r) { ... on Participant { ${wide} } } }`,
    ];
    for (const document of documents)
      expect(problemOf(await world.tenant.graphql(document))).toEqual({ code: 'UNPROCESSABLE', status: 422 });
    const single = await world.tenant.graphql(
      `{ _entities(representations: ${one}) { ... on Participant { ${wide} } } }`,
    );
    expect(dataOf(single)._entities).toHaveLength(1);
  });

  test('a result that would be too large is refused', async () => {
    const pictures = Array.from({ length: 14 }, (_, index) => `a${index}: avatarUrl`).join(' ');
    const answer = await ask(many(9_800), undefined, `... on Participant { ${pictures} }`);
    expect(problemOf(answer).code).toBe('RESULT_TOO_LARGE');
  });

  test('more than 10,000 representations are refused', async () => {
    expect(problemOf(await ask(Array.from({ length: 10_001 }, () => ({})))).code).toBe('RESULT_TOO_LARGE');
  });

  test('the levels of fields are counted', async () => {
    const deep = `${'relatedAgent { participantsConnection { nodes { '.repeat(5)}id${' } } }'.repeat(5)}`;
    const answer = await ask([], undefined, `... on Participant { ${deep} }`);
    expect(answer.errors?.map(({ message }) => message)).toEqual([expect.stringContaining('levels')]);
  });
});

describe('the schema', () => {
  const plain = buildSchema();
  const federated = buildSchema({ federation: true });

  test('has what gateways ask for only with FEDERATION=on', () => {
    const added = (name: string) => /^_[A-Z]/.test(name);
    expect(Object.keys(federated.getTypeMap()).filter(added).sort()).toEqual(['_Any', '_Entity', '_Service']);
    expect(Object.keys(plain.getTypeMap()).filter(added)).toEqual([]);
    const fields = (schema: typeof plain) => Object.keys(schema.getQueryType()?.getFields() ?? {});
    expect(fields(federated).filter((name) => !fields(plain).includes(name))).toEqual(['_service', '_entities']);
    expect(
      Object.keys(federated.getTypeMap())
        .filter((name) => !added(name))
        .sort(),
    ).toEqual(Object.keys(plain.getTypeMap()).sort());
  });

  test('describes each of them', () => {
    for (const name of ['_Any', '_Entity', '_Service']) expect(federated.getType(name)?.description).toBeTruthy();
    const query = federated.getQueryType();
    for (const name of ['_service', '_entities']) {
      const field = query?.getFields()[name];
      expect([field?.description, ...(field?.args.map(({ description }) => description) ?? [])].every(Boolean)).toBe(
        true,
      );
    }
  });

  test('has each entity in the union', () => {
    const union = federated.getType('_Entity');
    if (!isUnionType(union)) throw new Error('There is no union of entities.');
    expect(
      union
        .getTypes()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(
      byId(world)
        .map((each) => each['__typename'])
        .sort(),
    );
  });
});
