import { Lexer, Source, TokenKind } from 'graphql';
import { describe, expect, test } from 'vitest';
import { limits } from '../../src/operations/limits.ts';
import { type Answer, problemOf } from '../app.ts';
import { useApp } from '../use-app.ts';
import { times } from './documents.ts';

const service = useApp();

const ask = (document: string, variables?: object): Promise<Answer<unknown>> =>
  service.tenant.graphql(document, variables);

/** A query of so many levels. */
const nested = (levels: number) => {
  // participantsConnection and nodes, then bindings and participant in turn, then id.
  const inner = (left: number): string =>
    left === 1 ? 'id' : left % 2 === 1 ? `bindings { ${inner(left - 1)} }` : `participant { ${inner(left - 1)} }`;
  return `{ participantsConnection(first: 0) { nodes { ${inner(levels - 2)} } } }`;
};
// Levels from the third on come in pairs, so that one more may be a field too many.
const deep = (levels: number) =>
  levels % 2 === 1 ? nested(levels) : nested(levels + 1).replace('participant { id }', 'id');

describe('a document', () => {
  const refused = { code: 'GRAPHQL_VALIDATION_FAILED', status: 400 };

  test('has at most so many levels', async () => {
    expect((await ask(deep(limits.depth))).errors).toBeUndefined();
    const answer = await ask(deep(limits.depth + 1));
    expect(problemOf(answer)).toEqual(refused);
    expect(answer.errors?.[0]?.message).toContain(`${limits.depth} levels`);
  });

  test('has at most so many levels, those in fragments too', async () => {
    const [, inside] = /nodes (\{.*\}) \} \}$/.exec(deep(limits.depth + 1)) as unknown as [string, string];
    const document = `{ participantsConnection(first: 0) { nodes { ...A } } } fragment A on Participant { ...B } fragment B on Participant ${inside}`;
    expect(problemOf(await ask(document))).toEqual(refused);
  });

  test('has at most so many aliases', async () => {
    const aliased = (count: number) => `{ viewer { ${times(count, (index) => `a${index}: kind`)} } }`;
    expect((await ask(aliased(limits.aliases))).errors).toBeUndefined();
    expect(problemOf(await ask(aliased(limits.aliases + 1)))).toEqual(refused);
  });

  test('has at most so many directives', async () => {
    const directed = (count: number) => `{ viewer { ${times(count, () => 'kind @include(if: true)')} } }`;
    expect((await ask(directed(limits.directives))).errors).toBeUndefined();
    expect(problemOf(await ask(directed(limits.directives + 1)))).toEqual(refused);
  });

  test('has at most so many tokens', async () => {
    const list = (ids: number) =>
      `mutation { createParticipant(input: { kind: PERSON, displayName: "x", agentIds: [${times(ids, () => '"x"')}] }) { __typename } }`;
    const lexer = new Lexer(new Source(list(0)));
    let around = 0;
    while (lexer.advance().kind !== TokenKind.EOF) around += 1;
    const long = (tokens: number) => list(tokens - around);
    expect(problemOf(await ask(long(limits.tokens)))).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(problemOf(await ask(long(limits.tokens + 1)))).toEqual({ code: 'GRAPHQL_PARSE_FAILED', status: 400 });
  });

  test('may not spread fragments in a circle', async () => {
    const document = '{ viewer { ...A } } fragment A on Viewer { ...B } fragment B on Viewer { ...A }';
    expect(problemOf(await ask(document))).toEqual(refused);
  });
});

describe('the cost', () => {
  const over = { code: 'UNPROCESSABLE', status: 422 };
  // A page costs 1 + n × (1 + 1 + 10 × (1 + (1 + 10 × (1 + 1 + 1)))): 322 a row.
  const body = '{ nodes { bindings { participant { bindings { id agentId participantId } } } } }';
  const perRow = 1 + 1 + 10 * (1 + 1 + 10 * 3);

  test('of a page is counted by its rows', async () => {
    // Fields of the same cost under other names fill the limit; 100 rows cost 1 + 100 × the row.
    const row = `nodes { ${times(4, (index) => `a${index}: bindings { participant { bindings { id agentId participantId } } }`)} }`;
    const affordable = Math.floor((limits.cost - 2) / (perRow * 4));
    expect(affordable).toBeGreaterThan(100);
    expect((await ask(`{ participantsConnection(first: 100) { ${row} } }`)).errors).toBeUndefined();
  });

  const expensive = body.replace('id agentId participantId', 'participant { bindings { participant { id } } }');

  test.each([
    ['a literal', `{ participantsConnection(first: 100) ${expensive} }`, {}],
    ['a variable', `query ($n: Int) { participantsConnection(first: $n) ${expensive} }`, { n: 100 }],
    ['a default', `query ($n: Int = 100) { participantsConnection(first: $n) ${expensive} }`, {}],
    ['last', `query ($n: Int) { participantsConnection(last: $n) ${expensive} }`, { n: 100 }],
    [
      'a fragment',
      `{ participantsConnection(first: 100) { ...A } } fragment A on ParticipantConnection ${expensive}`,
      {},
    ],
    [
      'an operation among several',
      `query A { viewer { kind } } query B { participantsConnection(first: 100) ${expensive} }`,
      {},
    ],
    [
      'a first that exists by no page',
      `query ($n: Int) { participantsConnection(first: $n) ${expensive} }`,
      { n: 2_147_483_647 },
    ],
  ])('is counted with %s', async (name, document, variables) => {
    const operationName = name === 'an operation among several' ? 'B' : undefined;
    const response = await service.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await service.tenant.token()}`,
          'content-type': 'application/json',
          accept: 'application/graphql-response+json',
        },
        body: JSON.stringify({ query: document, variables, operationName }),
      }),
    );
    const { errors } = (await response.json()) as Answer<unknown>;
    expect(errors?.map(({ extensions: { code, status } }) => ({ code, status }))).toEqual([over]);
    expect(response.status).toBe(422);
  });

  test('of the same document depends on the variables of each request', async () => {
    const document = `query ($n: Int) { participantsConnection(first: $n) ${expensive} }`;
    expect((await ask(document, { n: 1 })).errors).toBeUndefined();
    expect(problemOf(await ask(document, { n: 100 }))).toEqual(over);
    expect((await ask(document, {})).errors).toBeUndefined();
    expect((await ask(document, { n: 1 })).errors).toBeUndefined();
  });

  test('takes no time to count, however the fragments spread each other', async () => {
    const doubling = times(25, (index) => `fragment F${index} on Viewer { ...F${index + 1} ...F${index + 1} }`);
    const answer = await ask(`{ viewer { ...F0 } } ${doubling} fragment F25 on Viewer { kind }`);
    expect(answer.errors?.[0]?.extensions.code).toMatch(/^(UNPROCESSABLE|undefined)$/);
  });
});

describe('the schema’s shape', () => {
  const closed = useApp({ INTROSPECTION: 'off' });

  test('is shown only where introspection is on', async () => {
    const introspection = '{ __schema { queryType { name } } }';
    expect((await ask(introspection)).errors).toBeUndefined();
    const { errors } = await closed.tenant.graphql(introspection);
    expect(errors?.[0]?.extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect((await closed.tenant.graphql('{ __typename viewer { __typename } }')).errors).toBeUndefined();
  });

  test.each([
    ['a field', '{ viewr { kind } }', {}],
    ['an argument', '{ agent(idd: "x") { id } }', {}],
    [
      'a literal',
      'mutation { createParticipant(input: { kind: PERSN, displayName: "x" }) { participant { id } } }',
      {},
    ],
    [
      'a variable',
      'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }',
      { input: { kind: 'PERSN', displayName: 'x', displayNam: 'x' } },
    ],
  ])('is not guessed at for a wrong name in %s', async (_, document, variables) => {
    const open = await ask(document, variables);
    expect(JSON.stringify(open.errors)).toContain('Did you mean');
    const shut = await closed.tenant.graphql(document, variables);
    expect(JSON.stringify(shut.errors)).not.toContain('Did you mean');
    expect(shut.errors?.map(({ extensions }) => extensions.code)).toEqual(
      open.errors?.map(({ extensions }) => extensions.code),
    );
  });
});
