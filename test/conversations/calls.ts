import { dataOf, type TestTenant } from '../app.ts';

type Headers = Record<string, string>;

const shown = `id name description attributes agentId status closedAt modifiedAt participantCounts { active pending invited }
  participants { participantId type status }`;

/** Mutations of whole conversations, and how one is read with what they change; `tenant` is the test's. */
export function conversationCalls(tenant: () => TestTenant) {
  const create = (input: Record<string, unknown>, headers?: Headers) =>
    tenant().graphql(
      `mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { ${shown} } } }`,
      { input },
      headers,
    );
  const update = (input: Record<string, unknown>, headers?: Headers) =>
    tenant().graphql(
      `mutation ($input: UpdateConversationInput!) { updateConversation(input: $input) { conversation { ${shown} } } }`,
      { input },
      headers,
    );
  const updated = async (input: Record<string, unknown>) => dataOf(await update(input)).updateConversation.conversation;
  const read = async (id: string) =>
    dataOf(await tenant().graphql(`query ($id: ID!) { conversation(id: $id) { ${shown} } }`, { id })).conversation;
  const remove = (conversationId: string, headers?: Headers) =>
    tenant().graphql(
      'mutation ($input: DeleteConversationInput!) { deleteConversation(input: $input) { deletedId } }',
      { input: { conversationId } },
      headers,
    );
  return { create, update, updated, read, remove };
}
