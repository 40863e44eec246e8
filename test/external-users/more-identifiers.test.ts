import { expect, test } from 'vitest';
import { type Answer, dataOf, problemOf, type TestTenant } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const person = 'id email phoneNumber fkId identifiers { id identifierKey identifierValue primary }';
const create = async (of: TestTenant, input: object) =>
  dataOf(
    await of.graphql(
      `mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { ${person} } } }`,
      { input: { firstName: 'Ada', lastName: 'Byron', ...input } },
    ),
  ).createExternalUser.externalUser;
const add = (of: TestTenant, externalUserId: string, identifierKey: string, identifierValue: string, primary = false) =>
  of.graphql(
    `mutation ($input: AddExternalUserIdentifierInput!) { addExternalUserIdentifier(input: $input) {
      created identifier { id primary identifierValue } externalUser { ${person} } } }`,
    { input: { externalUserId, identifierKey, identifierValue, primary } },
  );
const remove = (of: TestTenant, identifierId: string) =>
  of.graphql(
    `mutation ($id: ID!) { removeExternalUserIdentifier(input: { identifierId: $id }) { removed externalUser { ${person} } } }`,
    { id: identifierId },
  );
const search = async (of: TestTenant, by: object) =>
  dataOf(
    await of.graphql('query ($by: ExternalUserSearchInput!) { searchExternalUser(by: $by) { externalUser { id } } }', {
      by,
    }),
  ).searchExternalUser?.externalUser.id;
const refusal = ({ errors }: Answer<unknown>) => errors?.[0]?.extensions;
const shown = ({ identifiers }: { identifiers: { identifierValue: string; primary: boolean }[] }) =>
  identifiers.map(({ identifierValue, primary }) => `${identifierValue}${primary ? '!' : ''}`);

test('an identifier is added once, found by, made primary and removed', async () => {
  const of = await service.createTenant();
  const ada = await create(of, { email: 'ada@example.com' });
  expect(shown(ada)).toEqual(['ada@example.com!']);
  const first = dataOf(await add(of, ada.id, 'emailaddress', 'countess@example.com')).addExternalUserIdentifier;
  expect(first).toMatchObject({ created: true, identifier: { primary: false } });
  const again = dataOf(await add(of, ada.id, 'emailaddress', 'COUNTESS@example.com')).addExternalUserIdentifier;
  expect(again).toMatchObject({ created: false, identifier: { id: first.identifier.id } });
  const phone = dataOf(await add(of, ada.id, 'phonenumber', '+55 11 8765 4321')).addExternalUserIdentifier;
  expect(phone).toMatchObject({ created: true, identifier: { primary: true, identifierValue: '+5511987654321' } });
  expect(phone.externalUser.phoneNumber).toBe('+5511987654321');
  expect(await search(of, { email: 'Countess@Example.com' })).toBe(ada.id);
  expect(await search(of, { phoneNumber: '+55 11 98765-4321' })).toBe(ada.id);

  const primary = dataOf(await add(of, ada.id, 'emailaddress', 'countess@example.com', true)).addExternalUserIdentifier;
  expect(primary).toMatchObject({ created: false, externalUser: { email: 'countess@example.com' } });
  expect(shown(primary.externalUser)).toEqual(['countess@example.com!', 'ada@example.com', '+5511987654321!']);
  expect(await search(of, { email: 'ada@example.com' })).toBe(ada.id);

  const removed = dataOf(await remove(of, first.identifier.id)).removeExternalUserIdentifier;
  expect(removed).toMatchObject({ removed: true, externalUser: { email: 'ada@example.com' } });
  expect(dataOf(await remove(of, first.identifier.id)).removeExternalUserIdentifier).toEqual({
    removed: false,
    externalUser: null,
  });
  expect(await search(of, { email: 'countess@example.com' })).toBeUndefined();
  dataOf(await remove(of, phone.identifier.id));
  const [last] = removed.externalUser.identifiers;
  expect(problemOf(await remove(of, last.id)).code).toBe('CONFLICT');
});

test('one user of a tenant has an identifier, primary or not, no matter how it is written', async () => {
  const of = await service.createTenant();
  const ada = await create(of, { email: 'ada@example.com', phoneNumber: '+5491123456789' });
  const bob = await create(of, { fkId: 'bob' });
  dataOf(await add(of, ada.id, 'fkid', 'ada'));
  dataOf(await add(of, ada.id, 'emailaddress', 'second@example.com'));
  for (const [key, value, field] of [
    ['emailaddress', 'ADA@example.com', 'email'],
    ['emailaddress', 'Second@example.com', 'email'],
    ['phonenumber', '+541123456789', 'phoneNumber'],
    ['fkid', 'ada', 'fkId'],
  ] as const)
    expect(refusal(await add(of, bob.id, key, value))).toMatchObject({
      code: 'USER_ALREADY_EXISTS',
      field,
      existingId: ada.id,
      errors: [{ path: ['input', 'identifierValue'] }],
    });
  const taken = { code: 'USER_ALREADY_EXISTS', field: 'email', existingId: ada.id };
  const created = await of.graphql(
    'mutation { createExternalUser(input: { firstName: "A", lastName: "B", email: "SECOND@example.com" }) { externalUser { id } } }',
  );
  expect(refusal(created)).toMatchObject(taken);
  const many = await of.graphql(
    'mutation { createExternalUsers(input: { users: [{ firstName: "A", lastName: "B", fkId: "new" }, { firstName: "A", lastName: "B", email: "second@example.com" }] }) { externalUsers { id } } }',
  );
  expect(refusal(many)).toMatchObject({
    code: 'USER_ALREADY_EXISTS',
    errors: [{ path: ['input', 'users', 1, 'email'] }],
  });
  expect(await search(of, { fkId: 'new' })).toBeUndefined();
  const changed = await of.graphql(
    'mutation ($id: ID!) { updateExternalUser(input: { externalUserId: $id, email: "second@example.com" }) { externalUser { id } } }',
    { id: bob.id },
  );
  expect(refusal(changed)).toMatchObject(taken);
  // Its own other one becomes the primary one; the one before is replaced.
  const own = await of.graphql(
    `mutation ($id: ID!) { updateExternalUser(input: { externalUserId: $id, email: "second@example.com" }) { externalUser { ${person} } } }`,
    { id: ada.id },
  );
  expect(shown(dataOf(own).updateExternalUser.externalUser)).toEqual([
    'second@example.com!',
    '+5491123456789!',
    'ada!',
  ]);
  dataOf(
    await of.graphql('mutation ($id: ID!) { deleteExternalUser(input: { externalUserId: $id }) { deletedId } }', {
      id: ada.id,
    }),
  );
  expect(dataOf(await add(of, bob.id, 'emailaddress', 'second@example.com')).addExternalUserIdentifier.created).toBe(
    true,
  );
});

test('two who add the same identifier to two users: one has it', async () => {
  const of = await service.createTenant();
  const [ada, bob] = [await create(of, { fkId: 'ada' }), await create(of, { fkId: 'bob' })];
  const answers = await Promise.all(
    [ada, bob, ada, bob].map(({ id }) => add(of, id, 'emailaddress', 'one@example.com')),
  );
  const codes = answers.map((answer) => (answer.errors ? problemOf(answer).code : 'DONE'));
  expect(codes.filter((code) => code === 'DONE')).toHaveLength(2);
  expect(codes.filter((code) => code === 'USER_ALREADY_EXISTS')).toHaveLength(2);
});

test('ensure, whoIs and the links to participants go by any identifier, in as many statements', async () => {
  const of = await service.createTenant();
  const sms = await createConfig(of, 'sms');
  const ada = await create(of, { email: 'ada@example.com' });
  dataOf(await add(of, ada.id, 'emailaddress', 'second@example.com'));
  dataOf(await add(of, ada.id, 'phonenumber', '+14155550100'));
  dataOf(await add(of, ada.id, 'phonenumber', '+14155550101'));
  const [byMail, byPhone] = [
    await createParticipant(of, { displayName: 'By mail', email: 'SECOND@example.com' }),
    await createParticipant(of, {
      displayName: 'By phone',
      channels: [{ integrationConfigId: sms, address: '+14155550101' }],
    }),
  ];
  const { createConversation } = dataOf(
    await of.graphql('mutation { createConversation(input: {}) { conversation { id } } }'),
  );
  const ensure = (identifierValue: string) =>
    of.graphql(
      'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created participant { participantId } } }',
      {
        input: {
          conversationId: createConversation.conversation.id,
          participant: { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue } },
        },
      },
    );
  const first = await ensure('Second@example.com');
  expect(dataOf(first).ensureConversationParticipant).toEqual({
    created: true,
    participant: { participantId: ada.id },
  });
  expect(first.statements).toHaveLength(1);
  expect(dataOf(await ensure('ada@example.com')).ensureConversationParticipant.created).toBe(false);
  const linked = dataOf(
    await of.graphql('query ($id: ID!) { externalUser(id: $id) { participants { id externalUsers { id } } } }', {
      id: ada.id,
    }),
  ).externalUser.participants;
  expect(linked).toEqual([byMail, byPhone].sort().map((id) => ({ id, externalUsers: [{ id: ada.id }] })));
  const whoIs = dataOf(
    await of.graphql(
      '{ whoIs(by: { email: "second@example.com" }) { externalUsers { id } participants { id } conversationParticipants { participantId } } }',
    ),
  ).whoIs;
  expect(whoIs.externalUsers).toEqual([{ id: ada.id }]);
  expect(whoIs.participants.map(({ id }: { id: string }) => id)).toContain(byPhone);
  expect(whoIs.conversationParticipants).toEqual([{ participantId: ada.id }]);
});

test('a user gets up to 100 identifiers', async () => {
  const of = await service.createTenant();
  const ada = await create(of, { fkId: 'ada' });
  for (let count = 1; count < 100; count++) dataOf(await add(of, ada.id, 'fkid', `ada ${count}`));
  const refused = await add(of, ada.id, 'emailaddress', 'ada@example.com');
  expect(problemOf(refused).code).toBe('CONFLICT');
  expect(refused.errors?.[0]?.message).toBe('The user has 100 identifiers: remove one first.');
  expect(dataOf(await add(of, ada.id, 'fkid', 'ada 99')).addExternalUserIdentifier.created).toBe(false);
});
