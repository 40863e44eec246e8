import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createParticipant } from '../factories.ts';
import { openStream } from '../streams.ts';
import { conversationCalls } from './calls.ts';
import { closeConversation, createConversation, createExternalUser, ensure, member } from './factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

type Headers = Record<string, string>;

const { create, update, updated, read, remove } = conversationCalls(() => tenant);

describe('createConversation with participants', () => {
  test('adds its agent and those who are named, once each, with their status', async () => {
    const agentId = await createAgent(tenant);
    const user = await createParticipant(tenant);
    const contact = await createExternalUser(tenant);
    const { conversation } = dataOf(
      await create({
        agentId,
        description: 'Two lines\nof text',
        attributes: { ticket: 7 },
        participants: [
          { participant: { user: { id: user } }, status: 'INVITED' },
          { participant: { user: { id: user.toUpperCase() } }, status: 'PENDING' },
          { participant: { contact: { id: contact } }, status: 'PENDING' },
          { participant: { flow: { id: 'flow' } } },
        ],
      }),
    ).createConversation;
    expect(conversation).toMatchObject({
      description: 'Two lines\nof text',
      attributes: { ticket: 7 },
      participantCounts: { active: 2, pending: 1, invited: 1 },
      participants: [
        { participantId: agentId, type: 'AGENT', status: 'ACTIVE' },
        { participantId: user, type: 'USER', status: 'INVITED' },
        { participantId: contact, type: 'CONTACT', status: 'PENDING' },
        { participantId: 'flow', type: 'FLOW', status: 'ACTIVE' },
      ],
    });
    expect(await read(conversation.id)).toEqual(conversation);
  });

  test('keeps the status that the agent is named with', async () => {
    const agentId = await createAgent(tenant);
    const participants = [{ participant: { agent: { id: agentId } }, status: 'PENDING' }];
    const { conversation } = dataOf(await create({ agentId, participants })).createConversation;
    expect(conversation.participants).toEqual([{ participantId: agentId, type: 'AGENT', status: 'PENDING' }]);
  });

  test('makes users of identifiers, one each, also when many make the same in another order', async () => {
    const emails = ['a', 'b', 'c', 'd', 'e'].map((name) => `${name}-${newId()}@example.com`);
    const named = (email: string) => ({
      participant: { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: email } },
    });
    const answers = await Promise.all(
      [emails, [...emails].reverse(), [...emails, ...emails]].map((list) => create({ participants: list.map(named) })),
    );
    const contacts = answers.map((answer) =>
      dataOf(answer).createConversation.conversation.participants.map(
        ({ participantId }: { participantId: string }) => participantId,
      ),
    );
    expect(new Set(contacts.flat()).size).toBe(5);
    expect(contacts.map((ids) => ids.length)).toEqual([5, 5, 5]);
  });

  test('names each that cannot be added by its index, and creates nothing', async () => {
    const total = async () =>
      dataOf(await tenant.graphql('{ conversationsConnection { totalCount } }')).conversationsConnection.totalCount;
    const before = await total();
    const email = `${newId()}@example.com`;
    const unknown = await create({
      participants: [
        { participant: { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: email } } },
        { participant: { user: { id: newId() } } },
        { participant: { flow: { id: 'flow' } } },
        { participant: { agent: { id: 'nobody' } } },
      ],
    });
    expect(problemOf(unknown)).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    expect(unknown.errors?.[0]?.extensions.errors?.map(({ path }) => path)).toEqual([
      ['input', 'participants', 1, 'participant'],
      ['input', 'participants', 3, 'participant'],
    ]);
    const wrong = await create({
      participants: [
        { participant: { flow: { id: '' } } },
        { participant: { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue: 'none' } } },
      ],
    });
    expect(problemOf(wrong).code).toBe('VALIDATION_FAILED');
    expect(wrong.errors?.[0]?.extensions.errors?.map(({ path }) => path)).toEqual([
      ['input', 'participants', 0, 'participant', 'flow', 'id'],
      ['input', 'participants', 1, 'participant', 'contactByIdentifier', 'identifierValue'],
    ]);
    const flows = Array.from({ length: 51 }, (_, index) => ({ participant: { flow: { id: `flow-${index}` } } }));
    expect(problemOf(await create({ participants: flows })).code).toBe('VALIDATION_FAILED');
    expect(await total()).toBe(before);
    const found = await tenant.graphql(
      'query ($by: ExternalUserSearchInput!) { searchExternalUser(by: $by) { user { id } } }',
      {
        by: { email },
      },
    );
    expect(dataOf(found).searchExternalUser).toBeNull();
    const max = dataOf(await create({ participants: flows.slice(0, 50) })).createConversation.conversation;
    expect(max.participantCounts).toEqual({ active: 50, pending: 0, invited: 0 });
  });
});

describe('updateConversation', () => {
  test('changes what is given, and clears with null', async () => {
    const [before, after] = [await createAgent(tenant), await createAgent(tenant)];
    const conversationId = await createConversation(tenant, { name: 'Old', agentId: before });
    const changed = await updated({ conversationId, name: ' New ', description: 'About', agentId: after });
    expect(changed).toMatchObject({ name: 'New', description: 'About', agentId: after, status: 'OPEN' });
    // The new agent takes part; the one before stays.
    expect(changed.participants.map(({ participantId }: { participantId: string }) => participantId)).toEqual([
      before,
      after,
    ]);
    const cleared = await updated({ conversationId, name: null, description: null, agentId: null });
    expect(cleared).toMatchObject({ name: null, description: null, agentId: null });
  });

  test('that changes nothing leaves modifiedAt', async () => {
    const conversationId = await createConversation(tenant, { name: 'Same', attributes: { a: { b: 1, c: 2 } } });
    const before = await read(conversationId);
    for (const changes of [
      {},
      { name: 'Same' },
      { status: 'OPEN' },
      { attributes: { a: { c: 2, b: 1 } } },
      { attributesPatch: {} },
      { attributesPatch: null },
      { agentId: null },
    ])
      expect(await updated({ conversationId, ...changes }), JSON.stringify(changes)).toEqual(before);
  });

  test('closes once and opens again', async () => {
    const conversationId = await createConversation(tenant);
    const closed = await updated({ conversationId, status: 'CLOSED' });
    expect(closed).toMatchObject({ status: 'CLOSED', closedAt: expect.any(String) });
    expect(await updated({ conversationId, status: 'CLOSED' })).toEqual(closed);
    const participant = { user: { id: await createParticipant(tenant) } };
    expect(problemOf(await ensure(tenant, { conversationId, participant })).code).toBe('PARTICIPANT_STATE_CONFLICT');
    expect(await updated({ conversationId, status: 'OPEN' })).toMatchObject({ status: 'OPEN', closedAt: null });
    expect((await member(tenant, { conversationId, participant })).status).toBe('ACTIVE');
  });

  test('of a closed one gives it an agent who takes no part', async () => {
    const agentId = await createAgent(tenant);
    const conversationId = await createConversation(tenant);
    await closeConversation(tenant, conversationId);
    expect(await updated({ conversationId, agentId })).toMatchObject({ agentId, participants: [] });
  });

  test('merges a patch of the attributes', async () => {
    const conversationId = await createConversation(tenant);
    expect(
      (await updated({ conversationId, attributesPatch: { a: { b: 1, c: null }, d: [null] } })).attributes,
    ).toEqual({
      a: { b: 1 },
      d: [null],
    });
    expect((await updated({ conversationId, attributesPatch: { a: { e: 2 }, d: null } })).attributes).toEqual({
      a: { b: 1, e: 2 },
    });
    expect((await updated({ conversationId, attributes: null })).attributes).toBeNull();
  });

  test('refuses what breaks a rule, and changes nothing', async () => {
    const conversationId = await createConversation(tenant, { attributes: { text: 'x'.repeat(16_000) } });
    const before = await read(conversationId);
    for (const changes of [
      { name: ' ' },
      { description: '' },
      { description: 'x'.repeat(4_001) },
      { status: null },
      { attributes: { text: 'x'.repeat(17_000) } },
      { attributesPatch: { more: 'x'.repeat(1_000) } },
      { attributes: {}, attributesPatch: {} },
    ])
      expect(['VALIDATION_FAILED', 'BAD_USER_INPUT'], JSON.stringify(changes).slice(0, 60)).toContain(
        problemOf(await update({ conversationId, ...changes })).code,
      );
    expect(problemOf(await update({ conversationId, agentId: 'nobody' })).code).toBe('AGENT_NOT_FOUND');
    expect(await read(conversationId)).toEqual(before);
  });

  test('with ifModifiedAt lets one of many at once win', async () => {
    const conversationId = await createConversation(tenant, { name: 'First' });
    const { modifiedAt: ifModifiedAt } = await read(conversationId);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => update({ conversationId, name: `By ${index}`, ifModifiedAt })),
    );
    const won = answers.filter(({ errors }) => !errors);
    expect(won).toHaveLength(1);
    for (const answer of answers.filter(({ errors }) => errors))
      expect(problemOf(answer)).toEqual({ code: 'CONFLICT', status: 409 });
    const now = await read(conversationId);
    expect(now.name).toBe(won[0]?.data.updateConversation.conversation.name);
    expect(await updated({ conversationId, name: 'Next', ifModifiedAt: now.modifiedAt })).toMatchObject({
      name: 'Next',
    });
  });

  test('under an agent’s key keeps to that agent', async () => {
    const [mine, theirs] = [await createAgent(tenant), await createAgent(tenant)];
    const { headers } = await createAgentKey(tenant, mine);
    const own = await createConversation(tenant, { agentId: mine });
    const other = await createConversation(tenant, { agentId: theirs });
    const code = async (input: Record<string, unknown>) => problemOf(await update(input, headers)).code;
    expect(await code({ conversationId: other, name: 'Mine' })).toBe('CONVERSATION_NOT_FOUND');
    expect(await code({ conversationId: own, agentId: theirs })).toBe('FORBIDDEN');
    expect(await code({ conversationId: own, agentId: null })).toBe('FORBIDDEN');
    expect(problemOf(await remove(other, headers)).code).toBe('CONVERSATION_NOT_FOUND');
    expect(dataOf(await remove(own, headers)).deleteConversation.deletedId).toBe(own);
    for (const conversationId of [newId(), 'no uuid'])
      expect(await code({ conversationId })).toBe('CONVERSATION_NOT_FOUND');
  });
});

test('deleteConversation takes the memberships with it, once', async () => {
  const user = await createParticipant(tenant);
  const conversationId = await createConversation(tenant, { participants: [{ participant: { user: { id: user } } }] });
  const answers = await Promise.all([remove(conversationId), remove(conversationId)]);
  const gone = answers.filter(({ errors }) => !errors);
  expect(gone.map(({ data }) => data.deleteConversation.deletedId)).toEqual([conversationId]);
  expect(problemOf(await remove(conversationId))).toEqual({ code: 'CONVERSATION_NOT_FOUND', status: 404 });
  expect(await read(conversationId)).toBeNull();
  const { participant } = dataOf(
    await tenant.graphql('query ($id: ID!) { participant(id: $id) { conversations { totalCount } } }', { id: user }),
  );
  expect(participant.conversations.totalCount).toBe(0);
});

describe('conversationChanged', () => {
  const listen = async (agentId: string | null, headers?: Headers) => {
    const stream = await openStream(
      service.app.fetch,
      'http://localhost/graphql',
      headers ?? { authorization: `Bearer ${await tenant.token()}` },
      `subscription ($agentId: ID) { conversationChanged(agentId: $agentId) {
        change conversationId conversation { name agentId status } } }`,
      { agentId },
    );
    return { ...stream, change: async () => (await stream.next())?.data?.conversationChanged };
  };

  test('tells an agent’s list and an agent’s key what comes, changes, leaves and ends', async () => {
    const [mine, theirs] = [await createAgent(tenant), await createAgent(tenant)];
    const { headers } = await createAgentKey(tenant, mine);
    const streams = [await listen(mine), await listen(null, headers)];
    const heard = streams.map((stream) => stream.change());
    await createConversation(tenant, { name: 'Elsewhere', agentId: theirs });
    const id = await createConversation(tenant, { name: 'Here', agentId: mine });
    const next = () => Promise.all(streams.map((stream) => stream.change()));
    const both = (event: object) => [event, event].map((each) => ({ conversationId: id, ...each }));
    const conversation = { name: 'Here', agentId: mine, status: 'OPEN' };
    expect(await Promise.all(heard)).toEqual(both({ change: 'CREATED', conversation }));
    await closeConversation(tenant, id);
    await closeConversation(tenant, id);
    expect(await next()).toEqual(both({ change: 'UPDATED', conversation: { ...conversation, status: 'CLOSED' } }));
    await updated({ conversationId: id, agentId: theirs, status: 'OPEN' });
    const moved = { conversationId: id, change: 'UPDATED' };
    expect(await next()).toEqual([
      { ...moved, conversation: { ...conversation, agentId: theirs } },
      // The key does not see it any more.
      { ...moved, conversation: null },
    ]);
    await updated({ conversationId: id, name: 'Not told' });
    await updated({ conversationId: id, agentId: mine, name: 'Back' });
    expect(await next()).toEqual(both({ change: 'UPDATED', conversation: { ...conversation, name: 'Back' } }));
    dataOf(await remove(id));
    expect(await next()).toEqual(both({ change: 'DELETED', conversation: null }));
    for (const stream of streams) await stream.leave();
  });
});
