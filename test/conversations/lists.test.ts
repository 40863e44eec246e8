import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import {
  closeConversation,
  createConversation,
  createExternalUser,
  joinAll,
  manyConversations,
  member,
  patch,
} from './factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

type Identified = { id: string };
type Paged = { nodes: Identified[]; totalCount: number; pageInfo: { startCursor: string; endCursor: string } };
const ids = (rows: readonly Identified[]) => rows.map(({ id }) => id);

const listed = async (of: TestTenant, filter: Record<string, unknown> | null, headers?: Record<string, string>) => {
  const document =
    'query ($filter: ConversationFilter) { conversationsConnection(filter: $filter) { totalCount nodes { id } } }';
  const { conversationsConnection } = dataOf(await of.graphql(document, { filter }, headers));
  return { total: conversationsConnection.totalCount, ids: ids(conversationsConnection.nodes) };
};

describe('lists of conversations', () => {
  test('are narrowed by agent, status, participant and external user, all at once', async () => {
    const fresh = await service.createTenant();
    const agentId = await createAgent(fresh);
    const userId = await createParticipant(fresh);
    const contactId = await createExternalUser(fresh);
    const facts = [];
    for (let bits = 0; bits < 16; bits++) {
      const [ofAgent, closed, withUser, withContact] = [1, 2, 4, 8].map((bit) => (bits & bit) > 0) as [
        boolean,
        boolean,
        boolean,
        boolean,
      ];
      const id = await createConversation(fresh, ofAgent ? { agentId } : {});
      if (withUser) await joinAll(service, fresh, [id], { userId });
      if (withContact) await joinAll(service, fresh, [id], { contactId });
      if (closed) await closeConversation(fresh, id);
      facts.push({ id, ofAgent, closed, withUser, withContact });
    }
    for (const status of [null, 'OPEN', 'CLOSED'])
      for (const filter of [
        { status },
        { status, agentId },
        { status, participantId: userId.toUpperCase() },
        { status, externalUserId: contactId },
        { status, agentId, participantId: userId, externalUserId: contactId },
      ] as { status: string | null; agentId?: string; participantId?: string; externalUserId?: string }[]) {
        const expected = facts
          .filter(
            (each) =>
              (!status || each.closed === (status === 'CLOSED')) &&
              (!filter.agentId || each.ofAgent) &&
              (!filter.participantId || each.withUser) &&
              (!filter.externalUserId || each.withContact),
          )
          .map(({ id }) => id)
          .reverse();
        expect(await listed(fresh, filter)).toEqual({ total: expected.length, ids: expected });
      }
    for (const nobody of [{ participantId: contactId }, { externalUserId: 'no uuid' }, { agentId: 'nobody' }])
      expect(await listed(fresh, nobody)).toEqual({ total: 0, ids: [] });
  });

  test('give each conversation exactly once, with any page size and from either end', async () => {
    const fresh = await service.createTenant();
    const userId = await createParticipant(fresh);
    const expected = await manyConversations(service, fresh, 37);
    await joinAll(service, fresh, expected, { userId });
    const document = `query ($filter: ConversationFilter, $first: Int, $after: String, $last: Int, $before: String) {
      conversationsConnection(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
        nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        fc.boolean(),
        async (size, backward, filtered) => {
          const filter = filtered ? { participantId: userId } : null;
          const found: string[] = [];
          let cursor: string | null = null;
          for (let pages = 0; pages <= expected.length; pages++) {
            const variables: Record<string, unknown> = backward
              ? { last: size, before: cursor }
              : { first: size, after: cursor };
            const answer = await fresh.graphql(document, { filter, ...variables });
            expect(answer.statements).toHaveLength(1);
            const { nodes, pageInfo } = dataOf(answer).conversationsConnection;
            if (backward) found.unshift(...ids(nodes));
            else found.push(...ids(nodes));
            if (!(backward ? pageInfo.hasPreviousPage : pageInfo.hasNextPage)) break;
            expect(nodes).toHaveLength(size);
            cursor = backward ? pageInfo.startCursor : pageInfo.endCursor;
          }
          expect(found).toEqual(expected);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('of several parents come page by page in one statement, and are counted in one', async () => {
    const fresh = await service.createTenant();
    const agentId = await createAgent(fresh);
    const people = [];
    const lists: string[][] = [];
    for (let n = 0; n < 4; n++) {
      const userId = await createParticipant(fresh, { displayName: `Person ${n}`, agentIds: [agentId] });
      const conversations = await manyConversations(service, fresh, 5 * n, { agentId });
      await joinAll(service, fresh, conversations, { userId });
      people.push(userId);
      lists.push(conversations);
    }
    const document = `query ($agentId: ID!, $first: Int, $after: String) { participants(agentId: $agentId) { id
      conversations(first: $first, after: $after) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } } }`;
    const answer = await fresh.graphql(document, { agentId, first: 6 });
    for (const [n, { id, conversations }] of dataOf(answer).participants.entries()) {
      expect(id).toBe(people[n]);
      expect(ids(conversations.nodes)).toEqual(lists[n]?.slice(0, 6));
      expect(conversations.totalCount).toBe(5 * n);
      expect(conversations.pageInfo.hasNextPage).toBe(5 * n > 6);
    }
    expect(answer.statements).toHaveLength(3);

    const after = dataOf(answer).participants[3].conversations.pageInfo.endCursor;
    const second = dataOf(await fresh.graphql(document, { agentId, first: 6, after })).participants[3].conversations;
    expect(ids(second.nodes)).toEqual(lists[3]?.slice(6, 12));

    const ofAgent = await fresh.graphql(
      'query ($id: ID!) { agent(id: $id) { conversations(first: 3) { totalCount nodes { id } } } }',
      { id: agentId },
    );
    const all = lists.flat().sort().reverse();
    expect(dataOf(ofAgent).agent.conversations).toEqual({
      totalCount: 30,
      nodes: all.slice(0, 3).map((id) => ({ id })),
    });
  });

  test('two pages asked for at once do not mix', async () => {
    const fresh = await service.createTenant();
    const contactId = await createExternalUser(fresh);
    const expected = await manyConversations(service, fresh, 8);
    await joinAll(service, fresh, expected, { contactId });
    const answer = await fresh.graphql(
      'query ($id: ID!) { externalUser(id: $id) { a: conversations(first: 2) { nodes { id } } b: conversations(first: 5) { nodes { id } } } }',
      { id: contactId },
    );
    expect(ids(dataOf(answer).externalUser.a.nodes)).toEqual(expected.slice(0, 2));
    expect(ids(dataOf(answer).externalUser.b.nodes)).toEqual(expected.slice(0, 5));
  });

  test('the people of several conversations come page by page, from either end, in one statement', async () => {
    const fresh = await service.createTenant();
    const flows: string[][] = [];
    for (let n = 1; n <= 3; n++) {
      const conversationId = await createConversation(fresh);
      flows.unshift([]);
      for (let k = 0; k < 3 * n; k++)
        flows[0]?.push((await member(fresh, { conversationId, participant: { flow: { id: `${n}.${k}` } } })).id);
    }
    const document = `query ($first: Int, $after: String, $last: Int, $before: String) { conversationsConnection { nodes {
      participantsConnection(first: $first, after: $after, last: $last, before: $before) { totalCount nodes { id } pageInfo { startCursor endCursor } } } } }`;
    const read = async (variables: Record<string, unknown>) => {
      const answer = await fresh.graphql(document, variables);
      return {
        answer,
        pages: dataOf(answer).conversationsConnection.nodes.map(
          (node: { participantsConnection: Paged }) => node.participantsConnection,
        ) as Paged[],
      };
    };
    const forward = await read({ first: 4 });
    expect(forward.pages.map(({ nodes }) => ids(nodes))).toEqual(flows.map((list) => list.slice(0, 4)));
    expect(forward.pages.map(({ totalCount }) => totalCount)).toEqual([9, 6, 3]);
    expect(forward.answer.statements).toHaveLength(3);
    const next = await read({ first: 4, after: forward.pages[0]?.pageInfo.endCursor });
    expect(ids(next.pages[0]?.nodes ?? [])).toEqual(flows[0]?.slice(4, 8));
    const backward = await read({ last: 4 });
    expect(backward.pages.map(({ nodes }) => ids(nodes))).toEqual(flows.map((list) => list.slice(-4)));
    const before = await read({ last: 4, before: backward.pages[0]?.pageInfo.startCursor });
    expect(ids(before.pages[0]?.nodes ?? [])).toEqual(flows[0]?.slice(1, 5));
  });

  test('a cursor of another list is refused', async () => {
    for (const after of [
      'x',
      Buffer.from('["x"]').toString('base64url'),
      Buffer.from('["a","b"]').toString('base64url'),
    ]) {
      const answer = await tenant.graphql(
        'query ($after: String) { conversationsConnection(after: $after) { nodes { id } } }',
        {
          after,
        },
      );
      expect(problemOf(answer).code).toBe('VALIDATION_FAILED');
    }
  });
});

test('counts of a page are one statement', async () => {
  const of = await service.createTenant();
  const user = await createParticipant(of);
  const ids = [];
  for (let count = 0; count < 3; count += 1)
    ids.push(
      await createConversation(of, { participants: [{ participant: { user: { id: user } }, status: 'PENDING' }] }),
    );
  await patch(of, { conversationId: ids[0], participantId: user, status: 'INVITED' });
  const answer = await of.graphql(
    '{ conversationsConnection { nodes { participantCounts { active pending invited } } } }',
  );
  expect(dataOf(answer).conversationsConnection.nodes.flatMap(Object.values)).toEqual([
    { active: 0, pending: 1, invited: 0 },
    { active: 0, pending: 1, invited: 0 },
    { active: 0, pending: 0, invited: 1 },
  ]);
  expect(answer.statements).toEqual([
    expect.stringContaining('from conversation c '),
    expect.stringContaining('count(*) filter'),
  ]);
});
