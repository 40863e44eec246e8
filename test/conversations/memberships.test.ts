import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createParticipant } from '../factories.ts';
import {
  closeConversation,
  createConversation,
  createExternalUser,
  ensure,
  member,
  patch,
  remove,
} from './factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

const flow = (id: string) => ({ flow: { id } });
const conflict = { code: 'PARTICIPANT_STATE_CONFLICT', status: 409 };

const find = async (variables: Record<string, unknown>, headers?: Record<string, string>) => {
  const document = `query ($conversationId: ID!, $participantId: ID, $contact: ContactIdentifierInput) {
    conversationParticipant(conversationId: $conversationId, participantId: $participantId, contact: $contact) { id type status modifiedAt } }`;
  return tenant.graphql(document, variables, headers);
};
const found = async (variables: Record<string, unknown>) => dataOf(await find(variables)).conversationParticipant;

describe('patchConversationParticipant', () => {
  const allowed: Record<string, readonly string[]> = {
    PENDING: ['PENDING', 'INVITED', 'ACTIVE'],
    INVITED: ['INVITED', 'ACTIVE'],
    ACTIVE: ['ACTIVE'],
  };
  const status = fc.constantFrom('PENDING', 'INVITED', 'ACTIVE');

  test('follows the allowed transitions in any order of calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        status,
        fc.array(fc.option(status), { maxLength: 6 }),
        fc.boolean(),
        async (first, wishes, closes) => {
          const conversationId = await createConversation(tenant);
          const before = await member(tenant, { conversationId, participant: flow('f'), status: first });
          if (closes) await closeConversation(tenant, conversationId);
          let now: string = first;
          for (const wish of wishes) {
            const answer = await patch(tenant, { conversationId, participantId: 'f', status: wish });
            const fits = wish === null || wish === now || (!closes && allowed[now]?.includes(wish));
            if (!fits) expect(problemOf(answer)).toEqual(conflict);
            else {
              now = wish ?? now;
              expect(dataOf(answer).patchConversationParticipant.participant).toMatchObject({
                id: before.id,
                status: now,
              });
            }
          }
          const after = await found({ conversationId, participantId: 'f' });
          expect(after.status).toBe(now);
          // What stays as it is isn't even written.
          if (now === first) expect(after.modifiedAt).toBe(before.modifiedAt);
        },
      ),
      { numRuns: 25 },
    );
  });

  test('lets one of two contradicting callers win', async () => {
    for (let round = 0; round < 10; round++) {
      const conversationId = await createConversation(tenant);
      await member(tenant, { conversationId, participant: flow('f'), status: 'PENDING' });
      const [invited, active] = await Promise.all(
        ['INVITED', 'ACTIVE'].map((wish) => patch(tenant, { conversationId, participantId: 'f', status: wish })),
      );
      // INVITED can still become ACTIVE, but not the other way round.
      expect(active?.errors).toBeUndefined();
      if (invited?.errors) expect(problemOf(invited)).toEqual(conflict);
      expect((await found({ conversationId, participantId: 'f' })).status).toBe('ACTIVE');
    }
  });
});

describe('removeConversationParticipant', () => {
  test('ends a membership and says which', async () => {
    const conversationId = await createConversation(tenant);
    const { id } = await member(tenant, { conversationId, participant: flow('f') });
    expect(
      dataOf(await remove(tenant, { conversationId, participantId: 'f' })).removeConversationParticipant.removedId,
    ).toBe(id);
    expect(await found({ conversationId, participantId: 'f' })).toBeNull();
    expect(problemOf(await remove(tenant, { conversationId, participantId: 'f' }))).toEqual({
      code: 'CONVERSATION_PARTICIPANT_NOT_FOUND',
      status: 404,
    });
  });

  test('keeps the last active user or agent of an open conversation, and nobody else', async () => {
    const conversationId = await createConversation(tenant);
    const [userId, invitedId, agentId] = [
      await createParticipant(tenant),
      await createParticipant(tenant),
      await createAgent(tenant),
    ];
    const contactId = await createExternalUser(tenant);
    await member(tenant, { conversationId, participant: { user: { id: userId } } });
    await member(tenant, { conversationId, participant: { user: { id: invitedId } }, status: 'INVITED' });
    await member(tenant, { conversationId, participant: { agent: { id: agentId } } });
    await member(tenant, { conversationId, participant: { contact: { id: contactId } } });
    await member(tenant, { conversationId, participant: flow('f') });
    const refused = { code: 'REMOVAL_NOT_ALLOWED', status: 403 };

    dataOf(await remove(tenant, { conversationId, participantId: userId }));
    // Neither the invited user, nor the active contact and flow can take its place.
    expect(problemOf(await remove(tenant, { conversationId, participantId: agentId }))).toEqual(refused);
    for (const participantId of [invitedId, contactId, 'f'])
      dataOf(await remove(tenant, { conversationId, participantId }));
    expect(problemOf(await remove(tenant, { conversationId, participantId: agentId }))).toEqual(refused);
    await closeConversation(tenant, conversationId);
    dataOf(await remove(tenant, { conversationId, participantId: agentId }));
  });

  test('leaves one of the last two when both are removed at once', async () => {
    for (let round = 0; round < 10; round++) {
      const conversationId = await createConversation(tenant);
      const ids = [await createParticipant(tenant), await createParticipant(tenant)];
      for (const id of ids) await member(tenant, { conversationId, participant: { user: { id } } });
      const answers = await Promise.all(ids.map((participantId) => remove(tenant, { conversationId, participantId })));
      expect(answers.filter(({ errors }) => errors?.[0]?.extensions.code === 'REMOVAL_NOT_ALLOWED')).toHaveLength(1);
      const left = dataOf(
        await tenant.graphql('query ($id: ID!) { conversation(id: $id) { participants { id } } }', {
          id: conversationId,
        }),
      );
      expect(left.conversation.participants).toHaveLength(1);
    }
  });
});

describe('a conversation participant is named', () => {
  test('by its id in any case and of any type, a user first', async () => {
    const conversationId = await createConversation(tenant);
    const id = await createParticipant(tenant);
    await member(tenant, { conversationId, participant: flow(id) });
    expect((await found({ conversationId, participantId: id })).type).toBe('FLOW');
    await member(tenant, { conversationId, participant: { user: { id } } });
    expect((await found({ conversationId, participantId: id.toUpperCase() })).type).toBe('USER');
    await member(tenant, { conversationId, participant: flow(`A-${id}`) });
    expect((await found({ conversationId, participantId: `A-${id}` })).type).toBe('FLOW');
    expect((await find({ conversationId, participantId: id })).statements).toHaveLength(1);
  });

  test('or by an identifier of its external user, in any spelling', async () => {
    const conversationId = await createConversation(tenant);
    const user = await createExternalUser(tenant, {
      email: 'Named@By.example',
      phoneNumber: '+14155550122',
      fkId: 'Named',
    });
    const { id } = await member(tenant, { conversationId, participant: { contact: { id: user } }, status: 'PENDING' });
    for (const [identifierKey, identifierValue, finds] of [
      ['emailaddress', 'nAMED@bY.EXAMPLE', true],
      ['phonenumber', '001 415-555-0122', true],
      ['fkid', 'Named', true],
      ['fkid', 'named', false],
    ] as const) {
      const contact = { identifierKey, identifierValue };
      expect((await found({ conversationId, contact }))?.id).toBe(finds ? id : undefined);
      const patched = await patch(tenant, { conversationId, contact, status: 'PENDING' });
      if (finds) expect(dataOf(patched).patchConversationParticipant.participant.id).toBe(id);
      else expect(problemOf(patched).code).toBe('CONVERSATION_PARTICIPANT_NOT_FOUND');
    }
    const contact = { identifierKey: 'fkid', identifierValue: 'Named' };
    expect(dataOf(await remove(tenant, { conversationId, contact })).removeConversationParticipant.removedId).toBe(id);
    // The user is known, but not in this conversation.
    expect(await found({ conversationId, contact })).toBeNull();
  });

  test('by exactly one of the two', async () => {
    const conversationId = await createConversation(tenant);
    const contact = { identifierKey: 'fkid', identifierValue: 'x' };
    for (const name of [{}, { participantId: 'x', contact }]) {
      const answers = [
        await find({ conversationId, ...name }),
        await patch(tenant, { conversationId, ...name }),
        await remove(tenant, { conversationId, ...name }),
      ];
      expect(answers.map((answer) => problemOf(answer).code)).toEqual(Array(3).fill('VALIDATION_FAILED'));
      expect(answers.map(({ errors }) => errors?.[0]?.extensions.errors?.[0]?.path)).toEqual([
        ['participantId'],
        ['input', 'participantId'],
        ['input', 'participantId'],
      ]);
    }
    const wrong = { identifierKey: 'phonenumber', identifierValue: 'x' };
    expect((await find({ conversationId, contact: wrong })).errors?.[0]?.extensions.errors?.[0]?.path).toEqual([
      'contact',
      'identifierValue',
    ]);
  });

  test('in a conversation that the viewer sees', async () => {
    const agentId = await createAgent(tenant);
    const { headers } = await createAgentKey(tenant, await createAgent(tenant));
    const conversationId = await createConversation(tenant, { agentId });
    await member(tenant, { conversationId, participant: flow('f'), status: 'PENDING' });
    const gone = { code: 'CONVERSATION_NOT_FOUND', status: 404 };
    for (const [id, as] of [
      [conversationId, headers],
      [newId(), undefined],
      ['no uuid', undefined],
    ] as const) {
      const name = { conversationId: id, participantId: 'f' };
      expect(dataOf(await find(name, as)).conversationParticipant).toBeNull();
      expect(problemOf(await patch(tenant, { ...name, status: 'ACTIVE' }, as))).toEqual(gone);
      expect(problemOf(await remove(tenant, name, as))).toEqual(gone);
      expect(problemOf(await ensure(tenant, { conversationId: id, participant: flow('f') }, as))).toEqual(gone);
    }
    expect((await found({ conversationId, participantId: 'f' })).status).toBe('PENDING');
  });
});
