import { expect, test } from 'vitest';
import { problemOf } from '../app.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test('an input of which exactly one member is to be given is checked in compiled queries too', async () => {
  const query = 'query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } } }';
  for (let n = 0; n < 6; n++)
    expect((await service.tenant.graphql(query, { by: { fkId: 'nobody' } })).errors).toBeUndefined();
  for (const by of [{ fkId: 'nobody', email: 'nobody@example.com' }, {}, { fkId: null }])
    expect(problemOf(await service.tenant.graphql(query, { by }))).toEqual({ code: 'BAD_USER_INPUT', status: 400 });
});

test('a variable of another type is told of, not what it would cost', async () => {
  const query = 'query ($first: Int) { participantsConnection(first: $first) { nodes { id } } }';
  for (const first of ['many', {}, [1e9], 3e9])
    expect([first, problemOf(await service.tenant.graphql(query, { first })).code]).toEqual([first, 'BAD_USER_INPUT']);
});

test('of a large value that does not fit the message prints the first members, and says what is wrong', async () => {
  const query = 'query ($by: IdentityInput!) { whoIs(by: $by) { participants { id } } }';
  const by = Object.fromEntries(Array.from({ length: 15_000 }, (_, n) => [`name${n}`, [{ deep: { deeper: { n } } }]]));
  const { errors } = await service.tenant.graphql(query, { by });
  expect(errors).toHaveLength(6);
  const [first] = errors!;
  expect(first!.message).toMatch(/^Variable "\$by" got invalid value \{ name0: \[\{ deep: \{…\} \}\], name1: /);
  expect(first!.message).toMatch(/name9: .*, … \}; Field "name0" is not defined by type "IdentityInput"\.$/);
  expect(errors!.at(-1)!.message).toMatch(/^Too many errors/);
  const wrong = await service.tenant.graphql(query, { by: { email: ['a', { b: null }] } });
  expect(problemOf(wrong)).toEqual({ code: 'BAD_USER_INPUT', status: 400 });
  expect(wrong.errors![0]!.message).toMatch(
    /^Variable "\$by" got invalid value \["a", \{ b: null \}\] at "by\.email"; /,
  );
  const missing = await service.tenant.graphql(query);
  expect(missing.errors![0]!.message).toBe('Variable "$by" of required type "IdentityInput!" was not provided.');
  expect((await service.tenant.graphql(query, { by: null })).errors![0]!.message).toMatch(/must not be null\.$/);
});

test('a few of many things that are wrong are told, for a subscription too', async () => {
  const wrong = { ids: Array.from({ length: 60 }, () => ({})) };
  const told = async (query: string, accept: string): Promise<number> => {
    const headers = {
      authorization: `Bearer ${await service.tenant.token()}`,
      'content-type': 'application/json',
      accept,
    };
    const body = JSON.stringify({ query, variables: wrong });
    const response = await service.app.fetch(
      new Request('http://localhost/graphql', { method: 'POST', headers, body }),
    );
    return (await response.text()).split('"code":"BAD_USER_INPUT"').length - 1;
  };
  const ids = '($ids: [ID!]!)';
  expect(
    await told(
      `mutation ${ids} { mergeExternalUsers(input: { intoId: "x", fromIds: $ids }) { merge { id } } }`,
      'application/json',
    ),
  ).toBe(6);
  expect(
    await told(
      `subscription ${ids} { participantAvatarSynced(participantIds: $ids) { outcome } }`,
      'text/event-stream',
    ),
  ).toBe(6);
});
