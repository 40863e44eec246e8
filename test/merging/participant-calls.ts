import { dataOf, type TestApp, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { upload } from '../uploads.ts';
import { call } from './histories.ts';

const person = 'id displayName email agentIds channels { id address priority } avatarFileId';

/** Merges participants, or shows what a merge would do. */
export const merge = (of: TestTenant, intoId: string, fromIds: readonly string[], preview = false) =>
  of.graphql(
    `mutation ($input: MergeParticipantsInput!) { mergeParticipants(input: $input) {
      participant { ${person} }
      merge { id into { id displayName } from { id displayName } actor { kind } conflicts { field kept dropped } undoneAt } } }`,
    { input: { intoId, fromIds, preview } },
  );

/** Takes a merge back. */
export const undo = (of: TestTenant, mergeId: string, headers?: Record<string, string>) =>
  of.graphql(
    'mutation ($id: ID!) { undoMerge(input: { mergeId: $id }) { merge { undoneAt } externalUsers { id } participants { id } notRestored { subjectId field detail } } }',
    { id: mergeId },
    headers,
  );

/** A participant by an id of it; null when there is none. */
export const found = async (of: TestTenant, id: string) =>
  dataOf(await of.graphql(`query ($id: ID!) { participant(id: $id) { ${person} } }`, { id })).participant;

/** Makes a participant take part in a conversation. */
export const join = async (of: TestTenant, conversationId: string, id: string, status = 'ACTIVE') =>
  dataOf(
    await of.graphql(
      'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created participant { id participantId status } } }',
      { input: { conversationId, participant: { user: { id } }, status } },
    ),
  ).ensureConversationParticipant;

/** Runs a mutation and returns the fields of its payload. */
export const change = async (of: TestTenant, name: string, input: object, fields: string): Promise<Untyped> =>
  dataOf(await call(of, name, input, fields))[name];

/** Creates two participants with something of everything, some of it alike. */
export async function world(service: TestApp, of: TestTenant) {
  const [slack, mail] = [await createConfig(of, 'slack'), await createConfig(of, 'email')];
  const [shared, own] = [await createAgent(of), await createAgent(of)];
  const into = await createParticipant(of, {
    displayName: 'Ada Lovelace',
    channels: [{ integrationConfigId: slack, address: 'U0AAAAAAA', priority: 1 }],
    agentIds: [shared],
  });
  const from = await createParticipant(of, {
    displayName: 'A. Byron',
    email: 'ada@example.com',
    channels: [
      { integrationConfigId: slack, address: 'U0AAAAAAA' },
      { integrationConfigId: mail, address: 'ada@example.com' },
    ],
    agentIds: [shared, own],
  });
  dataOf(await upload(service, of, from, await png()));
  return { slack, mail, shared, own, into, from };
}
