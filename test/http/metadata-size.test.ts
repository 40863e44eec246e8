import { expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { prepared } from '../prepared.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test('a result is as large as its metadata: nothing is read of what is too much', async () => {
  const tenant = await service.createTenant();
  const { createConversation } = dataOf(
    await tenant.graphql('mutation { createConversation(input: {}) { conversation { id } } }'),
  );
  const users = 2_000;
  await service.app.database.connection.query(
    prepared(`insert into external_user (tenant_id, id, fk_id, metadata)
     select $1::uuid, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 'fk' || n, jsonb_build_object('x', repeat('x', 16000))
     from generate_series(1, ${users}) n`),
    [tenant.id],
  );
  await service.app.database.connection.query(
    prepared(`insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, contact_id)
     select tenant_id, gen_random_uuid(), $2::uuid, 'CONTACT', id::text, id from external_user where tenant_id = $1::uuid`),
    [tenant.id, createConversation.conversation.id],
  );
  const document = `query ($id: ID!) { conversation(id: $id) { participants { subject { ... on ExternalUser { id metadata } } } } }`;
  const answer = await tenant.graphql(document, createConversation.conversation);
  expect(answer.errors?.map(({ extensions: { code, status } }) => ({ code, status }))).toEqual([
    { code: 'RESULT_TOO_LARGE', status: 413 },
  ]);
  // The conversation, the list, and how much metadata there is.
  expect(answer.statements).toHaveLength(3);
  const few = `query ($id: ID!) { conversation(id: $id) { participantsConnection(first: 3) { nodes { subject { ... on ExternalUser { metadata } } } } } }`;
  const page = dataOf(await tenant.graphql(few, createConversation.conversation)).conversation.participantsConnection;
  expect(page.nodes).toEqual(Array.from({ length: 3 }, () => ({ subject: { metadata: { x: 'x'.repeat(16_000) } } })));
});
