import { describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, type Untyped } from '../app.ts';
import { createAccessKey, createParticipant } from '../factories.ts';
import { openStream } from '../streams.ts';
import { useApp } from '../use-app.ts';
import {
  closeConversation,
  createConversation,
  createExternalUser,
  ensure,
  member,
  patch,
  remove,
} from './factories.ts';

const service = useApp();

const person = { firstName: 'Grace', lastName: 'Hopper', email: 'grace@example.com' };
const fields =
  'id participantId type status displayName avatarUrl contact { identifierValue } subject { __typename } deletedAt modifiedAt';
const listed = `query ($id: ID!, $deleted: Boolean, $first: Int, $after: String) { conversation(id: $id) {
  participants(includeDeleted: $deleted) { ${fields} }
  participantsConnection(includeDeleted: $deleted, first: $first, after: $after) {
    totalCount nodes { ${fields} } pageInfo { hasNextPage endCursor } }
  participantCounts { active pending invited } } }`;
const deleteUser = async (id: string) =>
  dataOf(
    await service.tenant.graphql(
      'mutation ($id: ID!) { deleteExternalUser(input: { externalUserId: $id }) { deletedId } }',
      { id },
    ),
  );
const read = async (id: string, variables: object = {}, headers?: Record<string, string>) =>
  dataOf(await service.tenant.graphql(listed, { id, ...variables }, headers)).conversation;
const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id);

/** A conversation with a user and two contacts. The first contact is deleted. */
async function withTombstone() {
  const { tenant } = service;
  const conversationId = await createConversation(tenant);
  const user = await createParticipant(tenant);
  const [gone, stays] = [await createExternalUser(tenant, person), await createExternalUser(tenant)];
  const first = await member(tenant, {
    conversationId,
    participant: { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: person.email } },
    status: 'INVITED',
  });
  await service.app.database.prisma.conversationMember.updateMany({
    where: { tenantId: tenant.id, id: first.id },
    data: { displayName: 'Amazing Grace', avatarUrl: 'https://example.com/grace.png' },
  });
  const others = [
    await member(tenant, { conversationId, participant: { user: { id: user } } }),
    await member(tenant, { conversationId, participant: { contact: { id: stays } } }),
  ];
  await deleteUser(gone);
  return { conversationId, gone, first: first.id as string, others: ids(others) };
}

describe('a contact that was deleted', () => {
  test('is in no list and no count, unless asked for: then by a tombstone without personal data', async () => {
    const { conversationId, gone, first, others } = await withTombstone();
    const plain = await read(conversationId);
    expect(ids(plain.participants)).toEqual(others);
    expect(plain.participants[0].deletedAt).toBeNull();
    expect([ids(plain.participantsConnection.nodes), plain.participantsConnection.totalCount]).toEqual([others, 2]);
    expect(plain.participantCounts).toEqual({ active: 2, pending: 0, invited: 0 });

    const all = await read(conversationId, { deleted: true });
    const [tombstone] = all.participants;
    expect(tombstone).toEqual({
      id: first,
      participantId: gone,
      type: 'CONTACT',
      status: 'INVITED',
      displayName: null,
      avatarUrl: null,
      contact: null,
      subject: null,
      deletedAt: expect.stringMatching(/Z$/),
      modifiedAt: expect.stringMatching(/Z$/),
    });
    expect(ids(all.participants)).toEqual([first, ...others]);
    expect([all.participantsConnection.nodes[0], all.participantsConnection.totalCount]).toEqual([tombstone, 3]);
    expect(all.participantCounts).toEqual(plain.participantCounts);

    const pages: string[] = [];
    for (let after: string | null = null; ; ) {
      const { nodes, pageInfo }: Untyped = (await read(conversationId, { deleted: true, first: 1, after }))
        .participantsConnection;
      pages.push(...ids(nodes));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(pages).toEqual([first, ...others]);

    const rows = await service.app.database.prisma.conversationMember.findMany({ where: { id: first } });
    expect(JSON.stringify(rows)).not.toMatch(/grace|hopper|emailaddress/i);
  });

  test('is in no list of conversations with their participants, and one of them can ask for it', async () => {
    const { conversationId, first, others } = await withTombstone();
    const document = `{ conversationsConnection(first: 1) { nodes { id
      live: participants { id } all: participants(includeDeleted: true) { id deletedAt } none: participants(includeDeleted: null) { id } } } }`;
    const answer = await service.tenant.graphql(document);
    const [node] = dataOf(answer).conversationsConnection.nodes;
    expect([node.id, ids(node.live), ids(node.all), ids(node.none)]).toEqual([
      conversationId,
      others,
      [first, ...others],
      others,
    ]);
    expect(answer.statements).toHaveLength(2);
  });

  test('takes no scope to read as nobody, and the others still do', async () => {
    const { conversationId } = await withTombstone();
    const { headers } = await createAccessKey(service.tenant, ['CONVERSATIONS_READ']);
    const query = `{ conversation(id: "${conversationId}") { participants(includeDeleted: true) { subject { __typename } } } }`;
    const { data, errors } = await service.tenant.graphql(query, {}, headers);
    expect(data.conversation.participants).toEqual([{ subject: null }, { subject: null }, { subject: null }]);
    expect(errors?.map(({ path }) => path?.[2])).toEqual([1, 2]);
  });

  test('takes no part: nobody finds, changes or removes it, also not by REST', async () => {
    const { tenant } = service;
    const { conversationId, gone, first, others } = await withTombstone();
    for (const name of [{ participantId: gone }, { conversationParticipantId: first }]) {
      const found =
        'query ($c: ID!, $p: ID, $m: ID) { conversationParticipant(conversationId: $c, participantId: $p, conversationParticipantId: $m) { id } }';
      const variables = { c: conversationId, p: name.participantId, m: name.conversationParticipantId };
      expect(dataOf(await tenant.graphql(found, variables)).conversationParticipant).toBeNull();
      const changes = { conversationId, ...name };
      for (const answer of [await patch(tenant, { ...changes, status: 'ACTIVE' }), await remove(tenant, changes)])
        expect(problemOf(answer).code).toBe('CONVERSATION_PARTICIPANT_NOT_FOUND');
    }
    const added = await ensure(tenant, { conversationId, participant: { contact: { id: gone } } });
    expect(problemOf(added).code).toBe('EXTERNAL_USER_NOT_FOUND');
    const { headers } = await createAccessKey(tenant, ['CONVERSATIONS_READ', 'USERS_READ', 'PARTICIPANTS_READ']);
    const base = `http://localhost/workspaces/${tenant.id}/conversations/${conversationId}`;
    const get = async (path: string) => service.app.fetch(new Request(`${base}${path}`, { headers }));
    const list = (await (await get('/participants')).json()) as Untyped;
    expect(list.results).toHaveLength(others.length);
    expect((await get(`/participants/${gone}`)).status).toBe(404);
  });

  test('is found by its id, as caches fetch a thing anew', async () => {
    const { first } = await withTombstone();
    const query = 'query ($id: ID!) { node(id: $id) { id ... on ConversationParticipant { deletedAt displayName } } }';
    expect(dataOf(await service.tenant.graphql(query, { id: first })).node).toEqual({
      id: first,
      deletedAt: expect.any(String),
      displayName: null,
    });
  });

  test('can be followed by another of the same identifier, and of the same id', async () => {
    const { tenant } = service;
    const { conversationId, gone, first } = await withTombstone();
    const byIdentifier = {
      conversationId,
      participant: { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: person.email } },
    };
    const { created, participant } = dataOf(await ensure(tenant, byIdentifier)).ensureConversationParticipant;
    expect([created, participant.id === first, participant.participantId === gone]).toEqual([true, false, false]);
    await deleteUser(participant.participantId);
    // As an import would, that keeps ids.
    await service.app.database.prisma.externalUser.create({
      data: { tenantId: tenant.id, id: gone, email: 'grace.again@example.com' },
    });
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => ensure(tenant, { conversationId, participant: { contact: { id: gone } } })),
    );
    const made = answers.map((answer) => dataOf(answer).ensureConversationParticipant);
    expect(made.filter((each) => each.created)).toHaveLength(1);
    expect(new Set(made.map((each) => each.participant.id)).size).toBe(1);
    const { participants } = await read(conversationId, { deleted: true });
    expect(participants.filter((each: Untyped) => each.deletedAt)).toHaveLength(2);
  });

  test('leaves a tombstone in closed conversations too, and goes with a conversation', async () => {
    const { tenant } = service;
    const contact = await createExternalUser(tenant);
    const conversations = [await createConversation(tenant), await createConversation(tenant)] as const;
    for (const conversationId of conversations)
      await member(tenant, { conversationId, participant: { contact: { id: contact } } });
    await closeConversation(tenant, conversations[0]);
    await deleteUser(contact);
    for (const id of conversations) {
      const { participants } = await read(id, { deleted: true });
      expect(participants.map((each: Untyped) => each.participantId)).toEqual([contact]);
      dataOf(
        await tenant.graphql(
          'mutation ($id: ID!) { deleteConversation(input: { conversationId: $id }) { deletedId } }',
          {
            id,
          },
        ),
      );
    }
    const where = { tenantId: tenant.id, participantId: contact };
    expect(await service.app.database.prisma.conversationMember.count({ where })).toBe(0);
  });

  test('while others change it: each is refused or comes first, and nothing of the person stays', async () => {
    const { tenant } = service;
    for (let round = 0; round < 6; round++) {
      const conversationId = await createConversation(tenant);
      const contact = await createExternalUser(tenant, { email: `round-${round}@example.com` });
      const participant = { contact: { id: contact } };
      await member(tenant, { conversationId, participant, status: 'PENDING' });
      const elsewhere = await createConversation(tenant);
      const answers = await Promise.all([
        patch(tenant, { conversationId, participantId: contact, status: 'ACTIVE' }),
        deleteUser(contact).then(() => null),
        remove(tenant, { conversationId, participantId: contact }),
        ensure(tenant, { conversationId: elsewhere, participant }),
      ]);
      for (const answer of answers) if (answer?.errors) expect(problemOf(answer).code).toMatch(/_NOT_FOUND$/);
      const left = await service.app.database.prisma.conversationMember.findMany({
        where: { tenantId: tenant.id, participantId: contact },
      });
      for (const row of left) expect(row).toMatchObject({ deletedAt: expect.any(Date), contactId: null });
    }
  });
});

describe('the end of memberships is told', () => {
  const document = `subscription ($id: ID!) { conversationParticipantChanged(conversationId: $id) {
    change conversationParticipantId participant { id } } }`;
  const removed = (id: string) => ({ change: 'REMOVED', conversationParticipantId: id, participant: null });
  const listen = async (id: string) => {
    const headers = { authorization: `Bearer ${await service.tenant.token()}` };
    const stream = await openStream(service.app.fetch, 'http://localhost/graphql', headers, document, { id });
    return { ...stream, change: async () => (await stream.next())?.data?.conversationParticipantChanged };
  };

  test('where a conversation is deleted, or an agent, with them', async () => {
    const { tenant } = service;
    const agentId = `ends-${newId().slice(-8)}`;
    dataOf(await tenant.graphql(`mutation { createAgent(input: { id: "${agentId}", name: "A" }) { agent { id } } }`));
    const conversationId = await createConversation(tenant, { agentId });
    const [{ id: ofAgent }] = (await read(conversationId)).participants;
    const user = await member(tenant, {
      conversationId,
      participant: { user: { id: await createParticipant(tenant) } },
    });
    const stream = await listen(conversationId);
    const first = stream.change();
    dataOf(
      await tenant.graphql(`mutation { deleteAgent(input: { agentId: "${agentId}", force: true }) { deletedId } }`),
    );
    expect(await first).toEqual(removed(ofAgent));
    const second = stream.change();
    dataOf(
      await tenant.graphql(
        `mutation { deleteConversation(input: { conversationId: "${conversationId}" }) { deletedId } }`,
      ),
    );
    expect(await second).toEqual(removed(user.id));
    await stream.leave();
  });
});
