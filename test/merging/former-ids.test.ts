import { expect, test } from 'vitest';
import { dataOf, type TestTenant } from '../app.ts';
import { createConversation, createExternalUser } from '../conversations/factories.ts';
import { createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { mergeTwo } from './merge-two.ts';

const service = useApp();

const read = async (of: TestTenant, id: string, filter: object) =>
  dataOf(
    await of.graphql(
      `query ($id: ID!, $filter: ConversationFilter) { node(id: $id) { __typename id }
        conversationsConnection(filter: $filter) { totalCount nodes { id } } }`,
      { id, filter },
    ),
  );

test.each([
  ['Participants', 'Participant', 'participantId', 'user'],
  ['ExternalUsers', 'ExternalUser', 'externalUserId', 'contact'],
] as const)('former ids of %s lead to the survivor as a node and in a filter', async (mutation, type, name, role) => {
  const of = await service.createTenant();
  const create = () => (type === 'Participant' ? createParticipant(of) : createExternalUser(of));
  const [into, from] = [await create(), await create()];
  const talk = await createConversation(of, { participants: [{ participant: { [role]: { id: from } } }] });
  const theirs = { totalCount: 1, nodes: [{ id: talk }] };
  const mergeId = await mergeTwo(of, mutation, into, from);
  for (const id of [into, from, from.toUpperCase()])
    expect(await read(of, id, { [name]: id })).toEqual({
      node: { __typename: type, id: into },
      conversationsConnection: theirs,
    });
  dataOf(
    await of.graphql('mutation ($id: ID!) { undoMerge(input: { mergeId: $id }) { merge { id } } }', { id: mergeId }),
  );
  expect(await read(of, from, { [name]: from })).toEqual({
    node: { __typename: type, id: from },
    conversationsConnection: theirs,
  });
  expect((await read(of, into, { [name]: into })).conversationsConnection.totalCount).toBe(0);
});

test.each([
  ['Participants', 'user'],
  ['ExternalUsers', 'contact'],
] as const)('a former id of %s is ensured as the survivor, in one statement', async (mutation, role) => {
  const of = await service.createTenant();
  const create = () => (role === 'user' ? createParticipant(of) : createExternalUser(of));
  const [into, from] = [await create(), await create()];
  const talk = await createConversation(of);
  await mergeTwo(of, mutation, into, from);
  for (const created of [true, false]) {
    const answer = await of.graphql(
      'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created participant { participantId } } }',
      { input: { conversationId: talk, participant: { [role]: { id: from } } } },
    );
    expect(dataOf(answer).ensureConversationParticipant).toEqual({ created, participant: { participantId: into } });
    expect(answer.statements).toHaveLength(1);
  }
});
