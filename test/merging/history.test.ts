import { expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { createExternalUser } from '../conversations/factories.ts';
import { createAccessKey, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { mergeTwo } from './merge-two.ts';

const service = useApp();

test('a merge of somebody who brings nothing, and its undo, are in the survivor’s history', async () => {
  const of = await service.createTenant();
  const [one, two] = [await createParticipant(of), await createParticipant(of)];
  const id = await mergeTwo(of, 'Participants', one, two);
  dataOf(await of.graphql('mutation ($id: ID!) { undoMerge(input: { mergeId: $id }) { merge { id } } }', { id }));
  const { participant } = dataOf(
    await of.graphql(
      'query ($id: ID!) { participant(id: $id) { history(first: 9) { nodes { operation subject { __typename id ... on Merge { into { id } } } changes { field } } } } }',
      { id: one },
    ),
  );
  const subject = { __typename: 'Merge', id, into: { id: one } };
  expect(participant.history.nodes).toMatchObject([
    { operation: 'undoMerge', subject, changes: [{ field: 'undoneAt' }] },
    { operation: 'mergeParticipants', subject, changes: [{ field: 'intoId' }] },
    { operation: 'createParticipant' },
  ]);
});

test('a merge in a history is seen by who sees the people that were merged', async () => {
  const of = await service.createTenant();
  const ids = { Participants: await createParticipant(of), ExternalUsers: await createExternalUser(of) };
  const others = { Participants: await createParticipant(of), ExternalUsers: await createExternalUser(of) };
  for (const kind of ['Participants', 'ExternalUsers'] as const) await mergeTwo(of, kind, ids[kind], others[kind]);
  for (const [kind, list, scope] of [
    ['Participants', 'participant', 'PARTICIPANTS_READ'],
    ['ExternalUsers', 'externalUser', 'USERS_READ'],
  ] as const) {
    const answer = await of.graphql(
      `query ($id: ID!) { ${list}(id: $id) { history(first: 1) { nodes { subject { ... on Merge { into { id } } } } } } }`,
      { id: ids[kind] },
      (await createAccessKey(of, [scope])).headers,
    );
    expect(dataOf(answer)[list].history.nodes).toEqual([{ subject: { into: { id: ids[kind] } } }]);
  }
});
