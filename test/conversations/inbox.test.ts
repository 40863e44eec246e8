import { describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { later, useApp } from '../use-app.ts';
import { createConversation, createExternalUser, joinAll, manyConversations, member } from './factories.ts';

const service = useApp();
const tenant = later(() => service.tenant);

const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

describe('the inbox', () => {
  const addFlows = (of: TestTenant, conversationId: string, count: number) =>
    service.app.database.prisma.conversationMember.createMany({
      data: Array.from({ length: count }, (_, n) => ({
        tenantId: of.id,
        id: newId(),
        conversationId,
        type: 'FLOW' as const,
        participantId: `flow-${n}`,
      })),
    });

  test('of twenty conversations with people of every kind and their channels takes one statement', async () => {
    const fresh = await service.createTenant();
    const config = await createConfig(fresh, 'sms');
    const agentId = await createAgent(fresh);
    const people = await Promise.all(
      [0, 1, 2].map((n) =>
        createParticipant(fresh, {
          displayName: `Person ${n}`,
          channels: [{ integrationConfigId: config, address: `+1415555010${n}` }],
        }),
      ),
    );
    const contact = await createExternalUser(fresh, { firstName: 'Grace', lastName: 'Hopper' });
    const conversations = await manyConversations(service, fresh, 25, { agentId });
    for (const userId of people) await joinAll(service, fresh, conversations, { userId });
    await joinAll(service, fresh, conversations, { contactId: contact });

    const answer = await fresh.graphql(`{
      conversationsConnection(first: 20) { nodes { id name participants {
        id participantId type status displayName avatarUrl contact { identifierValue }
        subject { ... on Participant { id createdAt disabledAt channels { address } } ... on ExternalUser { firstName modifiedAt } ... on Agent { name } }
      } } } }`);
    const { nodes } = dataOf(answer).conversationsConnection;
    expect(ids(nodes)).toEqual(conversations.slice(0, 20));
    for (const { participants } of nodes) {
      expect(participants).toHaveLength(4);
      expect(participants.slice(0, 3).map((each: { subject: unknown }) => each.subject)).toEqual(
        people.map((id, n) => ({
          id,
          createdAt: expect.stringMatching(/Z$/),
          disabledAt: null,
          channels: [{ address: `+1415555010${n}` }],
        })),
      );
      expect(participants[3]).toMatchObject({
        displayName: 'Grace Hopper',
        type: 'CONTACT',
        subject: { firstName: 'Grace' },
      });
    }
    expect(answer.statements).toHaveLength(1);
  });

  test.each([
    [20, 50, 55],
    [100, 10, 13],
  ])(
    'on a page of %i, conversations of more than %i participants have theirs read by themselves',
    async (first, max, many) => {
      const fresh = await service.createTenant();
      const [crowded, full, empty] = (await manyConversations(service, fresh, 3)) as [string, string, string];
      await addFlows(fresh, crowded, many);
      await addFlows(fresh, full, max);
      const document = `{ conversationsConnection(first: ${first}) { nodes { id participants { participantId } } } }`;
      const answer = await fresh.graphql(document);
      const flows = (count: number) => Array.from({ length: count }, (_, n) => ({ participantId: `flow-${n}` }));
      expect(dataOf(answer).conversationsConnection.nodes).toEqual([
        { id: crowded, participants: flows(many) },
        { id: full, participants: flows(max) },
        { id: empty, participants: [] },
      ]);
      expect(answer.statements).toHaveLength(2);
    },
  );

  test('shows a membership’s own name and avatar before its subject’s', async () => {
    const conversationId = await createConversation(tenant);
    const { id } = await member(tenant, {
      conversationId,
      participant: { user: { id: await createParticipant(tenant) } },
    });
    await service.app.database.prisma.conversationMember.update({
      where: { tenantId_id: { tenantId: tenant.id, id } },
      data: { displayName: 'Incognito', avatarUrl: 'https://example.com/mask.png' },
    });
    const document = 'query ($id: ID!) { conversation(id: $id) { participants { displayName avatarUrl } } }';
    expect(dataOf(await tenant.graphql(document, { id: conversationId })).conversation.participants).toEqual([
      { displayName: 'Incognito', avatarUrl: 'https://example.com/mask.png' },
    ]);
  });

  test('an unpaged list over 10,000 is refused, the connection is not', async () => {
    const fresh = await service.createTenant();
    const conversationId = await createConversation(fresh);
    const data = Array.from({ length: 10_001 }, (_, index) => ({
      tenantId: fresh.id,
      id: newId(),
      conversationId,
      type: 'FLOW' as const,
      participantId: `f${index}`,
    }));
    await service.app.database.prisma.conversationMember.createMany({ data });
    const unpaged = await fresh.graphql('query ($id: ID!) { conversation(id: $id) { participants { id } } }', {
      id: conversationId,
    });
    expect(problemOf(unpaged)).toEqual({ code: 'RESULT_TOO_LARGE', status: 413 });
    const paged = await fresh.graphql(
      'query ($id: ID!) { conversation(id: $id) { participantsConnection(last: 2) { totalCount totalCountAtLeast nodes { id } } } }',
      { id: conversationId },
    );
    const sorted = ids(data).sort();
    expect(dataOf(paged).conversation.participantsConnection).toEqual({
      totalCount: null,
      totalCountAtLeast: 10_000,
      nodes: sorted.slice(-2).map((id) => ({ id })),
    });
    await service.app.database.prisma.conversationMember.delete({
      where: { tenantId_id: { tenantId: fresh.id, id: sorted[0] as string } },
    });
    const fits = await fresh.graphql('query ($id: ID!) { conversation(id: $id) { participants { id } } }', {
      id: conversationId,
    });
    expect(dataOf(fits).conversation.participants).toHaveLength(10_000);
  });
});
