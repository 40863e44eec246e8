import { beforeEach, expect, test } from 'vitest';
import { dataOf, problemOf, type TestTenant } from '../app.ts';
import { useApp } from '../use-app.ts';

const service = useApp();
let tenant: TestTenant;
let conversationId: string;
beforeEach(async () => {
  tenant = await service.createTenant();
  const made = await tenant.graphql('mutation { createConversation(input: {}) { conversation { id } } }');
  conversationId = dataOf(made).createConversation.conversation.id;
});

const create = (phoneNumber: string) =>
  tenant.graphql(
    'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id phoneNumber } } }',
    { input: { firstName: 'A', lastName: 'B', phoneNumber } },
  );
const update = (externalUserId: string, phoneNumber: string) =>
  tenant.graphql(
    'mutation ($input: UpdateExternalUserInput!) { updateExternalUser(input: $input) { externalUser { id } } }',
    { input: { externalUserId, phoneNumber } },
  );
const ensure = (identifierValue: string) =>
  tenant.graphql(
    'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created participant { participantId } } }',
    {
      input: {
        conversationId,
        participant: { contactByIdentifier: { identifierKey: 'phonenumber', identifierValue } },
      },
    },
  );

/** Spellings of one telephone, and a neighbour that is another. */
const telephones: [spellings: string[], neighbour: string][] = [
  [
    ['+525512345678', '+52 1 55 1234 5678', '+52 044 55 1234 5678', '0052 55 1234 5678', 'tel:+52-55-1234-5678'],
    '+525512345679',
  ],
  [['+543511234567', '+5493511234567', '+54 351 15 123-4567', 'sms:+543511234567'], '+543511234568'],
  [['+5511976543210', '+551176543210', '+55 (11) 7654-3210', '＋５５１１９７６５４３２１０'], '+551133334444'],
  [['+2250707123456', '+22507123456', '00225 07 12 34 56'], '+2250707123457'],
  [['+2290197123456', '+22997123456'], '+2290197123457'],
  [['+84321234567', '+841621234567', 'whatsapp:+841621234567'], '+84321234568'],
  [['+14155550101', '٠٠١٤١٥٥٥٥٠١٠١', '+1 (415) 555-0101', '\u200e+1\u00a0415\u00a0555\u00a00101'], '+14155550102'],
];

test.each(telephones)('%j are one user’s: by each way in, and %s is another’s', async (spellings, neighbour) => {
  const [first = ''] = spellings;
  const { id } = dataOf(await create(first)).createExternalUser.externalUser;
  const other = dataOf(await create(neighbour)).createExternalUser.externalUser.id;
  expect(other).not.toBe(id);
  for (const spelling of spellings) {
    const clash = await create(spelling);
    expect(problemOf(clash), spelling).toEqual({ code: 'USER_ALREADY_EXISTS', status: 400 });
    expect(clash.errors?.[0]?.extensions, spelling).toMatchObject({ existingId: id });
    expect(problemOf(await update(other, spelling)), spelling).toEqual({ code: 'USER_ALREADY_EXISTS', status: 400 });
    dataOf(await update(id, spelling));
    const { participant } = dataOf(await ensure(spelling)).ensureConversationParticipant;
    expect(participant.participantId, spelling).toBe(id);
  }
  const ensured = dataOf(await ensure(neighbour)).ensureConversationParticipant;
  expect([ensured.created, ensured.participant.participantId]).toEqual([true, other]);
});

test.each(telephones)('callers who race to add %j make one user and one membership', async (spellings) => {
  const calls = Array.from({ length: 12 }, (_, index) => spellings[index % spellings.length] as string);
  const answers = (await Promise.all(calls.map(ensure))).map((answer) => dataOf(answer).ensureConversationParticipant);
  expect(new Set(answers.map(({ participant }) => participant.participantId)).size).toBe(1);
  expect(answers.filter(({ created }) => created)).toHaveLength(1);
  const created = await Promise.all(spellings.map(create));
  expect(created.map((answer) => problemOf(answer).code)).toEqual(spellings.map(() => 'USER_ALREADY_EXISTS'));
});

test('two spellings in one list of new users are one too many', async () => {
  const users = ['+525512345678', '+5215512345678'].map((phoneNumber) => ({
    firstName: 'A',
    lastName: 'B',
    phoneNumber,
  }));
  const answer = await tenant.graphql(
    'mutation ($input: CreateExternalUsersInput!) { createExternalUsers(input: $input) { externalUsers { id } } }',
    { input: { users } },
  );
  expect(problemOf(answer).code).toMatch(/USER_ALREADY_EXISTS|VALIDATION_FAILED/);
  dataOf(await create('+525512345678'));
});
