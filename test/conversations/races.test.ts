import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createParticipant } from '../factories.ts';
import {
  closeConversation,
  createConversation,
  createExternalUser,
  ensure,
  ensured,
  participantsOf,
  remove,
} from './factories.ts';

// On a server also as where tenants are on several nodes.
describe.each('url' in inject('database') ? [false, true] : [false])('(distributed: %s)', (distributed) => {
  let service: TestApp;
  let tenant: TestTenant;
  beforeAll(async () => {
    service = await startApp({}, undefined, { distributed });
    tenant = service.tenant;
  });
  afterAll(() => service.close());

  const participants = (id: string, of = tenant) => participantsOf(of, id);

  describe('a hundred racing calls', () => {
    const race = async (conversationId: string, callers: readonly Record<string, unknown>[]) => {
      const answers = (
        await Promise.all(callers.map((participant) => ensure(tenant, { conversationId, participant })))
      ).map(ensured);
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
      const found = dataOf(
        await tenant.graphql('{ searchExternalUser(by: { email: "RACE@example.com" }) { user { id } } }'),
      );
      expect(found.searchExternalUser.user.id).toBe(participantId);
      const users = await service.app.database.prisma.externalUser.count({
        where: { tenantId: tenant.id, email: { equals: 'race@example.com', mode: 'insensitive' } },
      });
      expect(users).toBe(1);
    });

    test('with a telephone number in any spelling make one user and one membership', async () => {
      const spellings = ['+14155550177', '+1 415 555 0177', '001 (415) 555-0177', ' +1-415-555-0177 '].map(
        (identifierValue) => ({
          contactByIdentifier: { identifierKey: 'phonenumber', identifierValue },
        }),
      );
      await race(await createConversation(tenant), hundred(spellings));
      expect(
        await service.app.database.prisma.externalUser.count({
          where: { tenantId: tenant.id, phoneNumber: '+14155550177' },
        }),
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
      expect(answers.map(ensured).filter(({ created }) => created)).toHaveLength(10);
      expect(new Set(answers.map((answer) => ensured(answer).participant.participantId)).size).toBe(1);
    });

    test('against closing: each call that reports an addition has a membership, and none follows', async () => {
      const conversationId = await createConversation(tenant);
      const adding = Array.from({ length: 40 }, (_, index) =>
        ensure(tenant, { conversationId, participant: { flow: { id: `f${index}` } } }),
      );
      const [answers] = await Promise.all([Promise.all(adding), closeConversation(tenant, conversationId)]);
      const added = answers.filter(({ errors }) => !errors).map((answer) => ensured(answer).participant.id);
      for (const refused of answers.filter(({ errors }) => errors))
        expect(problemOf(refused).code).toBe('PARTICIPANT_STATE_CONFLICT');
      expect((await participants(conversationId)).map(({ id }: { id: string }) => id).sort()).toEqual(added.sort());
    });

    test('against deleting: every answer is a membership or a 404', async () => {
      const conversationId = await createConversation(tenant);
      const deleteUser = 'mutation ($id: ID!) { deleteExternalUser(input: { id: $id }) { deletedId } }';
      for (let round = 0; round < 5; round++) {
        const id = await createExternalUser(tenant, { email: `doomed${round}@example.com` });
        const byEmail = {
          contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: `doomed${round}@example.com` },
        };
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
              identifierValue: [...email]
                .map((letter) => (upper.next().value ? letter.toUpperCase() : letter))
                .join(''),
            },
          })),
      );
      await fc.assert(
        fc.asyncProperty(fc.array(caller, { minLength: 2, maxLength: 30 }), async (callers) => {
          const conversationId = await createConversation(tenant);
          const answers = await Promise.all(
            callers.map((participant) => ensure(tenant, { conversationId, participant })),
          );
          const distinct = new Set(callers.map((participant) => JSON.stringify(participant).toLowerCase())).size;
          expect(answers.map(ensured).filter(({ created }) => created)).toHaveLength(distinct);
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
        expect(errors?.[0]?.extensions.code ?? 'CONVERSATION_PARTICIPANT_NOT_FOUND').toBe(
          'CONVERSATION_PARTICIPANT_NOT_FOUND',
        );
      expect((await participants(conversationId)).length).toBeLessThanOrEqual(1);
    });
  });
});
