import { beforeAll, expect, test } from 'vitest';
import { type Answer, dataOf, type TestTenant } from '../app.ts';
import { prepared } from '../prepared.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

// Users with 16 KB of metadata each: 2,000 in one conversation, and the same in 100 others with 20 of them each.
let tenant: TestTenant;
const users = 2_000;
const large = '00000000-0000-7000-8000-000000000000';
beforeAll(async () => {
  tenant = await service.createTenant();
  const { connection } = service.app.database;
  await connection.query(
    prepared(`insert into external_user (tenant_id, id, fk_id, metadata)
     select $1::uuid, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'fk' || n, jsonb_build_object('x', repeat('x', 16000))
     from generate_series(1, ${users}) n`),
    [tenant.id],
  );
  await connection.query(
    prepared(`insert into conversation (tenant_id, id, attributes)
     select $1::uuid, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, jsonb_build_object('x', repeat('x', 16000))
     from generate_series(0, 100) n`),
    [tenant.id],
  );
  await connection.query(
    prepared(`insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, contact_id)
     select u.tenant_id, gen_random_uuid(), c.id, 'CONTACT', u.id::text, u.id
     from external_user u join conversation c on c.tenant_id = u.tenant_id and (c.id = '${large}' or
       right(c.id::text, 12)::int = 1 + right(u.id::text, 12)::int % 100) where u.tenant_id = $1::uuid`),
    [tenant.id],
  );
});

const told = ({ errors }: Pick<Answer<unknown>, 'errors'>) =>
  errors?.map(({ extensions: { code, status } }) => ({ code, status }));
const over = [{ code: 'RESULT_TOO_LARGE', status: 413 }];

test('a result is as large as its metadata: nothing is read of what is too much', async () => {
  const answer = await tenant.graphql(
    `{ conversation(id: "${large}") { participants { subject { ... on ExternalUser { id metadata } } } } }`,
  );
  expect(told(answer)).toEqual(over);
  // The conversation, the list, and how much metadata there is.
  expect(answer.statements).toHaveLength(3);
  const page = dataOf(
    await tenant.graphql(
      `{ conversation(id: "${large}") { participantsConnection(first: 3) { nodes { subject { ... on ExternalUser { metadata } } } } } }`,
    ),
  ).conversation.participantsConnection;
  expect(page.nodes).toEqual(Array.from({ length: 3 }, () => ({ subject: { metadata: { x: 'x'.repeat(16_000) } } })));
});

test('the metadata below many short lists is counted like that of a long one', async () => {
  const document =
    'query ($first: Int!) { conversationsConnection(first: $first) { nodes { id participants { subject { ... on ExternalUser { metadata } } } } } }';
  const answer = await tenant.graphql(document, { first: 100 });
  expect(told(answer)).toEqual(over);
  // The page without metadata, the lists that it leaves out, and how much metadata there is.
  expect(answer.statements.map((text) => [/octet_length/.test(text), /metadata/.test(text)])).toEqual([
    [false, false],
    [false, false],
    [true, true],
  ]);
  // Few of them are read without a count.
  const few = await tenant.graphql(document, { first: 30 });
  expect(few.errors).toBeUndefined();
  expect(few.statements.some((text) => text.includes('octet_length'))).toBe(false);
  expect(few.data.conversationsConnection.nodes[29].participants[19]).toEqual({
    subject: { metadata: { x: 'x'.repeat(16_000) } },
  });
});

test('the attributes of one conversation count as often as they are told', async () => {
  const below = (fields: string) => `{ conversation(id: "${large}") { participants { conversation { ${fields} } } } }`;
  const answer = await tenant.graphql(below('attributes'));
  expect([told(answer), answer.statements.length]).toEqual([over, 3]);
  expect((await tenant.graphql(below('name'))).errors).toBeUndefined();
});

test('of an unpaged list only what the operation selects on any level is read', async () => {
  const answer = await tenant.graphql(
    `{ conversation(id: "${large}") { participants { id conversation { participantsConnection(first: 1) { nodes { id } } } } } }`,
  );
  expect(answer.errors).toBeUndefined();
  const [, list = ''] = answer.statements;
  expect(list).toMatch(/conversation_id/);
  expect(list).not.toMatch(/created_at|external_user/);
  const [first] = dataOf(await tenant.graphql('{ conversationsConnection(last: 1) { nodes { id } } }'))
    .conversationsConnection.nodes;
  const both = await tenant.graphql(
    `{ a: conversation(id: "${large}") { participants { createdAt } } b: conversation(id: "${first.id}") { participants { displayName } } }`,
  );
  expect(both.errors).toBeUndefined();
  expect(both.statements.filter((text) => text.includes('conversation_member'))).toHaveLength(1);
});
