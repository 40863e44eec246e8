import { expect } from 'vitest';
import { type Answer, dataOf, problemOf, type TestApp, type Untyped } from '../app.ts';
import { fromSlack, slackMessage } from '../fakes/deliveries.ts';
import { type Place, strangersOf } from './strangers.ts';

const fields = `id address status processedAt processedBy note approvalMode approvedParticipantId approvedParticipant { id displayName }
  matchedParticipant { id } conversationName messageCount droppedMessageCount agentId`;
const everyStatus = ['PENDING', 'APPROVED', 'REJECTED', 'BLOCKED'];

export type Decision = 'approve' | 'reject' | 'block' | 'unblock';

/** The code of the problem that an answer brings. */
export const codeOf = async (answer: Promise<Answer<Untyped>>) => problemOf(await answer).code;

/** How unknown senders come to a service's tenant, and what is decided about them. */
export function decisionsOf(service: TestApp) {
  const { place } = strangersOf(service);
  const send = async ({ url }: Place, user: string, body = slackMessage(user, {})) =>
    expect((await service.app.fetch(fromSlack(url, body))).status).toBe(200);
  const list = (filter: object) =>
    service.tenant.graphql(
      `query ($filter: UnknownSenderFilter) { unknownSendersConnection(first: 100, filter: $filter) { totalCount nodes { ${fields} } } }`,
      { filter },
    );
  const senders = async ({ config }: Place, status: readonly string[] | null = everyStatus): Promise<Untyped[]> =>
    dataOf(await list({ integrationConfigId: config, status })).unknownSendersConnection.nodes;
  async function stranger(at: Place, address: string, messages = 1): Promise<Untyped> {
    for (let message = 0; message < messages; message += 1) await send(at, address);
    return (await senders(at)).find((each) => each.address === address);
  }

  const decide = (decision: Decision, input: object, headers?: Record<string, string>) =>
    service.tenant.graphql(
      `mutation ($input: ${decision[0]?.toUpperCase()}${decision.slice(1)}UnknownSenderInput!) { ${decision}UnknownSender(input: $input) {
        unknownSender { ${fields} } ${decision === 'approve' ? 'participant { id kind displayName agentIds channels { integrationConfigId address messageCount } }' : ''} } }`,
      { input },
      headers,
    );
  const decided = async (decision: Decision, input: object): Promise<Untyped> =>
    dataOf(await decide(decision, input))[`${decision}UnknownSender`];
  const remove = (participantId: string) =>
    service.tenant.graphql('mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }', {
      id: participantId,
    });
  return { place, send, list, senders, stranger, decide, decided, remove };
}
