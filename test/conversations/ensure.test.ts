import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createParticipant } from '../factories.ts';
import {
  closeConversation,
  createConversation,
  createExternalUser,
  ensure,
  ensured,
  member,
  participantsOf,
} from './factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

const participants = (id: string, of = tenant) => participantsOf(of, id);

describe('ensureConversationParticipant', () => {
  test('adds each kind of participant once, in one statement, under its subject’s name', async () => {
    const conversationId = await createConversation(tenant);
    const userId = await createParticipant(tenant, { displayName: 'Ada' });
    const contactId = await createExternalUser(tenant, {
      firstName: 'Grace',
      lastName: 'Hopper',
      email: 'Grace@Navy.mil',
    });
    const agentId = await createAgent(tenant);

    for (const [type, participant, participantId, displayName] of [
      ['USER', { user: { id: userId } }, userId, 'Ada'],
      ['FLOW', { flow: { id: 'Welcome / 1' } }, 'Welcome / 1', null],
      ['AGENT', { agent: { id: agentId } }, agentId, agentId],
      ['CONTACT', { contact: { id: contactId } }, contactId, 'Grace Hopper'],
    ] as const) {
      const added = await ensure(tenant, { conversationId, participant, status: 'INVITED' });
      expect(ensured(added)).toMatchObject({
        created: true,
        participant: { type, participantId, status: 'INVITED', displayName, avatarUrl: null },
      });
      expect(added.statements).toHaveLength(1);

      const again = await ensure(tenant, { conversationId, participant, status: 'ACTIVE' });
      expect(ensured(again)).toEqual({ ...ensured(added), created: false });
      expect(again.statements).toHaveLength(1);
    }
    expect(await participants(conversationId)).toHaveLength(4);
  });

  test('makes it ACTIVE unless said', async () => {
    const conversationId = await createConversation(tenant);
    const participant = { flow: { id: 'f' } };
    expect(ensured(await ensure(tenant, { conversationId, participant, status: null })).participant.status).toBe(
      'ACTIVE',
    );
  });

  test('says by what identifier a contact was added, and falls back to another when the user loses it', async () => {
    const conversationId = await createConversation(tenant);
    const id = await createExternalUser(tenant, { email: 'two@ways.example', phoneNumber: '+14155550111' });
    const byPhone = { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue: '+1 (415) 555-0111' } };
    const added = await ensure(tenant, { conversationId, participant: byPhone });
    expect(ensured(added)).toMatchObject({
      created: true,
      participant: { participantId: id, contact: { identifierKey: 'phonenumber', identifierValue: '+14155550111' } },
    });
    expect(added.statements).toHaveLength(1);
    const again = await ensure(tenant, { conversationId, participant: byPhone });
    expect([ensured(again).created, again.statements.length]).toEqual([false, 1]);
    expect(ensured(await ensure(tenant, { conversationId, participant: { contact: { id } } })).created).toBe(false);

    dataOf(
      await tenant.graphql(
        'mutation ($id: ID!) { updateExternalUser(input: { id: $id, phoneNumber: null }) { user { id } } }',
        {
          id,
        },
      ),
    );
    expect((await member(tenant, { conversationId, participant: { contact: { id } } })).contact).toEqual({
      identifierKey: 'emailaddress',
      identifierValue: 'two@ways.example',
    });
  });

  test('makes a user for an identifier that nobody has, who is called by it', async () => {
    const conversationId = await createConversation(tenant);
    for (const [identifierKey, identifierValue, stored] of [
      ['emailaddress', ' New@One.example ', 'New@One.example'],
      ['phonenumber', '0044 20 7946 0018', '+442079460018'],
      ['fkid', ' kept as given ', ' kept as given '],
    ]) {
      const answer = await ensure(tenant, {
        conversationId,
        participant: { contactByIdentifier: { identifierKey, identifierValue } },
      });
      expect(ensured(answer)).toMatchObject({
        created: true,
        participant: { type: 'CONTACT', displayName: stored, contact: { identifierKey, identifierValue: stored } },
      });
      expect(answer.statements.length).toBeLessThanOrEqual(3);
    }
  });

  test('refuses an identifier that is none, saying where it stands', async () => {
    const conversationId = await createConversation(tenant);
    for (const [identifierKey, identifierValue] of [
      ['emailaddress', 'nobody'],
      ['phonenumber', '12'],
      ['fkid', ''],
      ['fkid', 'x'.repeat(256)],
    ]) {
      const answer = await ensure(tenant, {
        conversationId,
        participant: { contactByIdentifier: { identifierKey, identifierValue } },
      });
      expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
      expect(answer.errors?.[0]?.extensions.errors?.[0]?.path).toEqual([
        'input',
        'participant',
        'contactByIdentifier',
        'identifierValue',
      ]);
    }
    const tooLong = await ensure(tenant, { conversationId, participant: { flow: { id: 'x'.repeat(256) } } });
    expect(tooLong.errors?.[0]?.extensions.errors?.[0]?.path).toEqual(['input', 'participant', 'flow', 'id']);
    expect(await participants(conversationId)).toEqual([]);
  });

  test('takes exactly one kind of participant', async () => {
    const conversationId = await createConversation(tenant);
    for (const participant of [{}, { flow: { id: 'a' }, agent: { id: 'b' } }, { flow: null }])
      expect(problemOf(await ensure(tenant, { conversationId, participant })).status).toBe(400);
  });

  test('finds who is in a closed conversation, unchanged, and adds nobody, nor makes a user', async () => {
    const conversationId = await createConversation(tenant);
    const inside = { flow: { id: 'inside' } };
    await member(tenant, { conversationId, participant: inside, status: 'PENDING' });
    await closeConversation(tenant, conversationId);

    expect(ensured(await ensure(tenant, { conversationId, participant: inside, status: 'ACTIVE' }))).toMatchObject({
      created: false,
      participant: { status: 'PENDING' },
    });
    const conflict = { code: 'PARTICIPANT_STATE_CONFLICT', status: 409 };
    expect(problemOf(await ensure(tenant, { conversationId, participant: { flow: { id: 'outside' } } }))).toEqual(
      conflict,
    );
    const stranger = { contactByIdentifier: { identifierKey: 'fkid', identifierValue: 'a stranger' } };
    expect(problemOf(await ensure(tenant, { conversationId, participant: stranger }))).toEqual(conflict);
    expect(problemOf(await ensure(tenant, { conversationId: newId(), participant: stranger })).code).toBe(
      'CONVERSATION_NOT_FOUND',
    );
    const search = '{ searchExternalUser(by: { fkId: "a stranger" }) { user { id } } }';
    expect(dataOf(await tenant.graphql(search)).searchExternalUser).toBeNull();
  });

  test('knows nobody of another tenant, and no conversation of one', async () => {
    const other = await service.createTenant();
    const conversationId = await createConversation(tenant);
    const foreign = await createConversation(other);
    const user = { user: { id: await createParticipant(other) } };
    const contact = { contact: { id: await createExternalUser(other) } };
    const agent = { agent: { id: await createAgent(other, 'of-the-other') } };
    for (const [input, code] of [
      [{ conversationId, participant: user }, 'PARTICIPANT_NOT_FOUND'],
      [{ conversationId, participant: contact }, 'EXTERNAL_USER_NOT_FOUND'],
      [{ conversationId, participant: agent }, 'AGENT_NOT_FOUND'],
      [{ conversationId, participant: { user: { id: 'no uuid' } } }, 'PARTICIPANT_NOT_FOUND'],
      [{ conversationId, participant: { contact: { id: 'no uuid' } } }, 'EXTERNAL_USER_NOT_FOUND'],
      [{ conversationId: foreign, participant: { flow: { id: 'f' } } }, 'CONVERSATION_NOT_FOUND'],
      [{ conversationId: 'no uuid', participant: { flow: { id: 'f' } } }, 'CONVERSATION_NOT_FOUND'],
    ] as const)
      expect(problemOf(await ensure(tenant, input))).toEqual({ code, status: 404 });
    expect(await participants(foreign, other)).toEqual([]);
  });

  test('an agent’s key adds to its own agent’s conversations only', async () => {
    const [mine, theirs] = [await createAgent(tenant), await createAgent(tenant)];
    const { headers } = await createAgentKey(tenant, mine);
    const participant = { flow: { id: 'f' } };
    const own = await createConversation(tenant, { agentId: mine });
    expect(ensured(await ensure(tenant, { conversationId: own, participant }, headers)).created).toBe(true);
    for (const agentId of [theirs, null]) {
      const conversationId = await createConversation(tenant, { agentId });
      await member(tenant, { conversationId, participant });
      // Neither adds nor finds.
      for (const each of [participant, { flow: { id: 'g' } }])
        expect(problemOf(await ensure(tenant, { conversationId, participant: each }, headers)).code).toBe(
          'CONVERSATION_NOT_FOUND',
        );
    }
  });

  test('needs conversations:write', async () => {
    const headers = { authorization: `Bearer ${await tenant.token(['conversations:read', 'users:write'])}` };
    const answer = await ensure(tenant, { conversationId: newId(), participant: { flow: { id: 'f' } } }, headers);
    expect(problemOf(answer)).toEqual({ code: 'FORBIDDEN', status: 403 });
  });
});
