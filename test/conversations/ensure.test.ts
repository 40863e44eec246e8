import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createAgentKey, createParticipant } from '../factories.ts';
import { closeConversation, createConversation, createExternalUser, ensure, member, remove } from './factories.ts';

let service: TestApp;
let tenant: TestTenant;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
});
afterAll(() => service.close());

const payload = (answer: Awaited<ReturnType<typeof ensure>>) => dataOf(answer).ensureConversationParticipant;

const participants = async (id: string, of = tenant) =>
  dataOf(await of.graphql('query ($id: ID!) { conversation(id: $id) { participants { id participantId type status } } }', { id }))
    .conversation.participants;

describe('ensureConversationParticipant', () => {
  test('adds each kind of participant once, in one statement, under its subject’s name', async () => {
    const conversationId = await createConversation(tenant);
    const userId = await createParticipant(tenant, { displayName: 'Ada' });
    const contactId = await createExternalUser(tenant, { firstName: 'Grace', lastName: 'Hopper', email: 'Grace@Navy.mil' });
    const agentId = await createAgent(tenant);

    for (const [type, participant, participantId, displayName] of [
      ['USER', { user: { id: userId } }, userId, 'Ada'],
      ['FLOW', { flow: { id: 'Welcome / 1' } }, 'Welcome / 1', null],
      ['AGENT', { agent: { id: agentId } }, agentId, agentId],
      ['CONTACT', { contact: { id: contactId } }, contactId, 'Grace Hopper'],
    ] as const) {
      const added = await ensure(tenant, { conversationId, participant, status: 'INVITED' });
      expect(payload(added)).toMatchObject({
        created: true,
        participant: { type, participantId, status: 'INVITED', displayName, avatarUrl: null },
      });
      expect(added.statements).toHaveLength(1);

      const again = await ensure(tenant, { conversationId, participant, status: 'ACTIVE' });
      expect(payload(again)).toEqual({ ...payload(added), created: false });
      expect(again.statements).toHaveLength(1);
    }
    expect(await participants(conversationId)).toHaveLength(4);
  });

  test('makes it ACTIVE unless said', async () => {
    const conversationId = await createConversation(tenant);
    const participant = { flow: { id: 'f' } };
    expect(payload(await ensure(tenant, { conversationId, participant, status: null })).participant.status).toBe('ACTIVE');
  });

  test('says by what identifier a contact was added, and falls back to another when the user loses it', async () => {
    const conversationId = await createConversation(tenant);
    const id = await createExternalUser(tenant, { email: 'two@ways.example', phoneNumber: '+14155550111' });
    const byPhone = { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue: '+1 (415) 555-0111' } };
    const added = await ensure(tenant, { conversationId, participant: byPhone });
    expect(payload(added)).toMatchObject({
      created: true,
      participant: { participantId: id, contact: { identifierKey: 'phonenumber', identifierValue: '+14155550111' } },
    });
    expect(added.statements).toHaveLength(1);
    const again = await ensure(tenant, { conversationId, participant: byPhone });
    expect([payload(again).created, again.statements.length]).toEqual([false, 1]);
    expect(payload(await ensure(tenant, { conversationId, participant: { contact: { id } } })).created).toBe(false);

    dataOf(
      await tenant.graphql('mutation ($id: ID!) { updateExternalUser(input: { id: $id, phoneNumber: null }) { user { id } } }', {
        id,
      }),
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
      expect(payload(answer)).toMatchObject({
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

    expect(payload(await ensure(tenant, { conversationId, participant: inside, status: 'ACTIVE' }))).toMatchObject({
      created: false,
      participant: { status: 'PENDING' },
    });
    const conflict = { code: 'PARTICIPANT_STATE_CONFLICT', status: 409 };
    expect(problemOf(await ensure(tenant, { conversationId, participant: { flow: { id: 'outside' } } }))).toEqual(conflict);
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
    expect(payload(await ensure(tenant, { conversationId: own, participant }, headers)).created).toBe(true);
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

describe('a hundred racing calls', () => {
  const race = async (conversationId: string, callers: readonly Record<string, unknown>[]) => {
    const answers = (await Promise.all(callers.map((participant) => ensure(tenant, { conversationId, participant })))).map(
      payload,
    );
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ participant }) => participant.id)).size).toBe(1);
    expect(await participants(conversationId)).toHaveLength(1);
    return answers[0].participant;
  };
  const hundred = <Item>(items: readonly Item[]) =>
    Array.from({ length: 100 }, (_, index) => items[index % items.length] as Item);

  test('with an e-mail in two spellings make one user and one membership', async () => {
    const spellings = ['Race@Example.com', 'race@example.COM'].map((identifierValue) => ({
      contactByIdentifier: { identifierKey: 'emailaddress', identifierValue },
    }));
    const { participantId } = await race(await createConversation(tenant), hundred(spellings));
    const found = dataOf(await tenant.graphql('{ searchExternalUser(by: { email: "RACE@example.com" }) { user { id } } }'));
    expect(found.searchExternalUser.user.id).toBe(participantId);
    const users = await service.app.database.prisma.externalUser.count({
      where: { tenantId: tenant.id, email: { equals: 'race@example.com', mode: 'insensitive' } },
    });
    expect(users).toBe(1);
  });

  test('with a telephone number in any spelling make one user and one membership', async () => {
    const spellings = ['+14155550177', '+1 415 555 0177', '001 (415) 555-0177', ' +1-415-555-0177 '].map((identifierValue) => ({
      contactByIdentifier: { identifierKey: 'phonenumber', identifierValue },
    }));
    await race(await createConversation(tenant), hundred(spellings));
    expect(
      await service.app.database.prisma.externalUser.count({ where: { tenantId: tenant.id, phoneNumber: '+14155550177' } }),
    ).toBe(1);
  });

  test('with the id of a participant make one membership', async () => {
    const id = await createParticipant(tenant);
    await race(await createConversation(tenant), hundred([{ user: { id } }, { user: { id: id.toUpperCase() } }]));
  });

  test('for different conversations make one user and a membership in each', async () => {
    const conversationIds = await Promise.all(Array.from({ length: 10 }, () => createConversation(tenant)));
    const participant = { contactByIdentifier: { identifierKey: 'fkid', identifierValue: 'everywhere' } };
    const answers = await Promise.all(
      hundred(conversationIds).map((conversationId) => ensure(tenant, { conversationId, participant })),
    );
    expect(answers.map(payload).filter(({ created }) => created)).toHaveLength(10);
    expect(new Set(answers.map((answer) => payload(answer).participant.participantId)).size).toBe(1);
  });

  test('against closing: whoever is told that it was added is in, and nobody is added after', async () => {
    const conversationId = await createConversation(tenant);
    const adding = Array.from({ length: 40 }, (_, index) =>
      ensure(tenant, { conversationId, participant: { flow: { id: `f${index}` } } }),
    );
    const [answers] = await Promise.all([Promise.all(adding), closeConversation(tenant, conversationId)]);
    const added = answers.filter(({ errors }) => !errors).map((answer) => payload(answer).participant.id);
    for (const refused of answers.filter(({ errors }) => errors))
      expect(problemOf(refused).code).toBe('PARTICIPANT_STATE_CONFLICT');
    expect((await participants(conversationId)).map(({ id }: { id: string }) => id).sort()).toEqual(added.sort());
  });

  test('against deleting: every answer is a membership or a 404', async () => {
    const conversationId = await createConversation(tenant);
    const deleteUser = 'mutation ($id: ID!) { deleteExternalUser(input: { id: $id }) { deletedId } }';
    for (let round = 0; round < 5; round++) {
      const id = await createExternalUser(tenant, { email: `doomed${round}@example.com` });
      const byEmail = { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: `doomed${round}@example.com` } };
      const calls = Array.from({ length: 20 }, (_, index) =>
        ensure(tenant, { conversationId, participant: index % 2 ? { contact: { id } } : byEmail }),
      );
      calls.splice(10, 0, tenant.graphql(deleteUser, { id }));
      for (const { errors } of await Promise.all(calls))
        expect(errors?.[0]?.extensions.code ?? 'EXTERNAL_USER_NOT_FOUND').toBe('EXTERNAL_USER_NOT_FOUND');
    }
  });

  test('of any mixture add each participant once', async () => {
    const people = await Promise.all([1, 2].map(() => createParticipant(tenant)));
    const caller = fc.oneof(
      fc.constantFrom(...people).map((id) => ({ user: { id } })),
      fc.constantFrom('a', 'b').map((id) => ({ flow: { id } })),
      fc
        .tuple(fc.constantFrom('mixed@one.example', 'mixed@two.example'), fc.infiniteStream(fc.boolean()))
        .map(([email, upper]) => ({
          contactByIdentifier: {
            identifierKey: 'emailaddress',
            identifierValue: [...email].map((letter) => (upper.next().value ? letter.toUpperCase() : letter)).join(''),
          },
        })),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(caller, { minLength: 2, maxLength: 30 }), async (callers) => {
        const conversationId = await createConversation(tenant);
        const answers = await Promise.all(callers.map((participant) => ensure(tenant, { conversationId, participant })));
        const distinct = new Set(callers.map((participant) => JSON.stringify(participant).toLowerCase())).size;
        expect(answers.map(payload).filter(({ created }) => created)).toHaveLength(distinct);
        expect(await participants(conversationId)).toHaveLength(distinct);
      }),
      { numRuns: 12 },
    );
  });

  test('ensuring and removing never fails otherwise than by what was said', async () => {
    const conversationId = await createConversation(tenant);
    const calls = Array.from({ length: 40 }, (_, index) =>
      index % 4 === 3
        ? remove(tenant, { conversationId, participantId: 'x' })
        : ensure(tenant, { conversationId, participant: { flow: { id: 'x' } } }),
    );
    for (const { errors } of await Promise.all(calls))
      expect(errors?.[0]?.extensions.code ?? 'CONVERSATION_PARTICIPANT_NOT_FOUND').toBe('CONVERSATION_PARTICIPANT_NOT_FOUND');
    expect((await participants(conversationId)).length).toBeLessThanOrEqual(1);
  });
});
