import { newId } from '../../src/database/ids.ts';
import { dataOf, type TestApp, type TestTenant } from '../app.ts';

type Headers = Record<string, string>;

/** Creates a conversation; returns its id. */
export async function createConversation(tenant: TestTenant, input: Record<string, unknown> = {}): Promise<string> {
  const document =
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }';
  return dataOf(await tenant.graphql(document, { input })).createConversation.conversation.id;
}

export async function closeConversation(tenant: TestTenant, conversationId: string): Promise<void> {
  const document =
    'mutation ($input: CloseConversationInput!) { closeConversation(input: $input) { conversation { id } } }';
  dataOf(await tenant.graphql(document, { input: { conversationId } }));
}

let count = 0;

/** Creates an external user; returns its id. */
export async function createExternalUser(tenant: TestTenant, input: Record<string, unknown> = {}): Promise<string> {
  const document = 'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { user { id } } }';
  const identified = 'email' in input || 'phoneNumber' in input || 'fkId' in input;
  const user = { firstName: 'Grace', lastName: 'Hopper', ...(!identified && { fkId: `fk-${++count}` }), ...input };
  return dataOf(await tenant.graphql(document, { input: user })).createExternalUser.user.id;
}

const fields =
  'id participantId type status displayName avatarUrl contact { identifierKey identifierValue } createdAt modifiedAt';

/** Calls ensureConversationParticipant with the fields that a client shows. */
export function ensure(tenant: TestTenant, input: Record<string, unknown>, headers?: Headers) {
  const document = `mutation ($input: EnsureConversationParticipantInput!) {
    ensureConversationParticipant(input: $input) { created participant { ${fields} } } }`;
  return tenant.graphql(document, { input }, headers);
}

/** Ensures and returns the conversation participant. */
export const member = async (tenant: TestTenant, input: Record<string, unknown>) =>
  dataOf(await ensure(tenant, input)).ensureConversationParticipant.participant;

/** Calls patchConversationParticipant. */
export function patch(tenant: TestTenant, input: Record<string, unknown>, headers?: Headers) {
  const document = `mutation ($input: PatchConversationParticipantInput!) {
    patchConversationParticipant(input: $input) { participant { ${fields} } } }`;
  return tenant.graphql(document, { input }, headers);
}

/** Calls removeConversationParticipant. */
export function remove(tenant: TestTenant, input: Record<string, unknown>, headers?: Headers) {
  const document =
    'mutation ($input: RemoveConversationParticipantInput!) { removeConversationParticipant(input: $input) { removedId } }';
  return tenant.graphql(document, { input }, headers);
}

/** Writes many conversations at once; returns their ids, the newest first. */
export async function manyConversations(
  service: TestApp,
  tenant: TestTenant,
  length: number,
  columns: { agentId?: string; closedAt?: Date } = {},
): Promise<string[]> {
  const data = Array.from({ length }, () => ({ tenantId: tenant.id, id: newId(), ...columns }));
  await service.app.database.prisma.conversation.createMany({ data });
  return data
    .map(({ id }) => id)
    .sort()
    .reverse();
}

/** Makes a participant a user, or an external user a contact, of many conversations at once. */
export async function joinAll(
  service: TestApp,
  tenant: TestTenant,
  conversationIds: readonly string[],
  who: { userId: string } | { contactId: string },
): Promise<void> {
  const [type, participantId] =
    'userId' in who ? (['USER', who.userId] as const) : (['CONTACT', who.contactId] as const);
  await service.app.database.prisma.conversationMember.createMany({
    data: conversationIds.map((conversationId) => ({
      tenantId: tenant.id,
      id: newId(),
      conversationId,
      type,
      participantId,
      ...who,
    })),
  });
}

/** The payload of an ensure that must succeed. */
export const ensured = (answer: Awaited<ReturnType<typeof ensure>>) => dataOf(answer).ensureConversationParticipant;

/** Who takes part in a conversation, as its list tells. */
export const participantsOf = async (tenant: TestTenant, id: string) =>
  dataOf(
    await tenant.graphql(
      'query ($id: ID!) { conversation(id: $id) { participants { id participantId type status } } }',
      {
        id,
      },
    ),
  ).conversation.participants;
