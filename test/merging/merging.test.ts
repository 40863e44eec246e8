import { expect, test } from 'vitest';
import { dataOf, problemOf, type TestTenant } from '../app.ts';
import { prepared } from '../prepared.ts';
import { useApp } from '../use-app.ts';
import { stored as storedIn } from './stored.ts';

const service = useApp();

const person =
  'id firstName lastName source email phoneNumber fkId metadata conversationIds identifiers { identifierValue primary }';
const create = async (of: TestTenant, input: object): Promise<string> =>
  dataOf(
    await of.graphql(
      'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
      {
        input: { firstName: 'Ada', lastName: 'Byron', ...input },
      },
    ),
  ).createExternalUser.externalUser.id;
const merge = (of: TestTenant, intoId: string, fromIds: readonly string[], preview = false) =>
  of.graphql(
    `mutation ($input: MergeExternalUsersInput!) { mergeExternalUsers(input: $input) {
      externalUser { ${person} }
      merge { id into { id displayName } from { id displayName } actor { kind } conflicts { field kept dropped } undoneAt } } }`,
    { input: { intoId, fromIds, preview } },
  );
const undo = (of: TestTenant, mergeId: string) =>
  of.graphql(
    'mutation ($id: ID!) { undoMerge(input: { mergeId: $id }) { merge { undoneAt } externalUsers { id } notRestored { subjectId field detail } } }',
    { id: mergeId },
  );
const conversation = async (of: TestTenant): Promise<string> =>
  dataOf(await of.graphql('mutation { createConversation(input: {}) { conversation { id } } }')).createConversation
    .conversation.id;
const join = async (of: TestTenant, conversationId: string, id: string, status = 'ACTIVE') =>
  dataOf(
    await of.graphql(
      'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created participant { id participantId status } } }',
      { input: { conversationId, participant: { contact: { id } }, status } },
    ),
  ).ensureConversationParticipant;
const found = async (of: TestTenant, id: string) =>
  dataOf(await of.graphql(`query ($id: ID!) { externalUser(id: $id) { ${person} } }`, { id })).externalUser;

const stored = (of: TestTenant) => storedIn(service, of);

test('identifiers, memberships and what is lacking move to the survivor, and come back', async () => {
  const of = await service.createTenant();
  const into = await create(of, { email: 'ada@example.com', lastName: 'Lovelace', metadata: { a: 1, b: { c: 2 } } });
  const from = await create(of, {
    email: 'countess@example.com',
    phoneNumber: '+14155550100',
    source: 'webchat',
    metadata: { a: 2, d: 3 },
  });
  const other = await create(of, { fkId: 'other' });
  const [shared, own] = [await conversation(of), await conversation(of)];
  const kept = (await join(of, shared, into, 'PENDING')).participant;
  await join(of, shared, from, 'ACTIVE');
  const moved = (await join(of, own, from)).participant;
  const before = await stored(of);

  const preview = dataOf(await merge(of, into, [from], true)).mergeExternalUsers;
  expect(await stored(of)).toEqual(before);
  const done = dataOf(await merge(of, into, [from])).mergeExternalUsers;
  expect({ ...preview.merge, id: done.merge.id }).toEqual(done.merge);
  expect(done.externalUser).toEqual(preview.externalUser);
  expect(done.merge).toMatchObject({
    into: { id: into, displayName: 'Ada Lovelace' },
    from: [{ id: from, displayName: 'Ada Byron' }],
    conflicts: [
      { field: 'lastName', kept: 'Lovelace', dropped: 'Byron' },
      { field: 'metadata.a', kept: '1', dropped: '2' },
    ],
    undoneAt: null,
  });
  const survivor = await found(of, into);
  expect(survivor).toMatchObject({
    source: 'webchat',
    email: 'ada@example.com',
    phoneNumber: '+14155550100',
    metadata: { a: 1, b: { c: 2 }, d: 3 },
    conversationIds: [own, shared].sort().reverse(),
    identifiers: [
      { identifierValue: 'ada@example.com', primary: true },
      { identifierValue: 'countess@example.com', primary: false },
      { identifierValue: '+14155550100', primary: true },
    ],
  });
  expect(await found(of, from)).toEqual(survivor);
  expect(await join(of, own, from)).toMatchObject({
    created: false,
    participant: { id: moved.id, participantId: into },
  });
  expect(await join(of, shared, into)).toMatchObject({ participant: { id: kept.id, status: 'ACTIVE' } });

  // Who was merged leads to the survivor of that one.
  const further = dataOf(await merge(of, other, [into])).mergeExternalUsers.merge;
  expect((await found(of, from)).id).toBe(other);
  expect(problemOf(await undo(of, done.merge.id)).code).toBe('CONFLICT');
  expect(dataOf(await undo(of, further.id)).undoMerge).toMatchObject({
    notRestored: [],
    externalUsers: [{ id: other }, { id: into }],
  });
  expect((await found(of, from)).id).toBe(into);
  const undone = dataOf(await undo(of, done.merge.id)).undoMerge;
  expect(undone).toMatchObject({ notRestored: [], externalUsers: [{ id: into }, { id: from }] });
  expect(undone.merge.undoneAt).not.toBeNull();
  expect(await stored(of)).toEqual(before);
  expect(problemOf(await undo(of, done.merge.id)).code).toBe('CONFLICT');
});

test('what was changed since a merge stays, and is named', async () => {
  const of = await service.createTenant();
  const into = await create(of, { email: 'ada@example.com' });
  const from = await create(of, { email: 'two@example.com', fkId: 'two', source: 'webchat' });
  const gone = await conversation(of);
  await join(of, gone, from);
  const { merge: done } = dataOf(await merge(of, into, [from])).mergeExternalUsers;
  dataOf(
    await of.graphql(
      'mutation ($id: ID!, $talk: ID!) { updateExternalUser(input: { externalUserId: $id, source: "phone", email: "two@example.com" }) { externalUser { id } } removeConversationParticipant(input: { conversationId: $talk, participantId: $id }) { removedId } }',
      { id: into, talk: gone },
    ),
  );
  const { notRestored } = dataOf(await undo(of, done.id)).undoMerge;
  expect(notRestored.map(({ subjectId, field }: { subjectId: string; field: string }) => [subjectId, field])).toEqual([
    [into, 'source'],
    [from, 'identifiers'],
    [from, 'conversations'],
  ]);
  expect(await found(of, into)).toMatchObject({ source: 'phone', email: 'two@example.com', fkId: null });
  expect(await found(of, from)).toMatchObject({ fkId: 'two', email: null, source: 'webchat' });
});

test('what cannot be merged or undone is refused, and changes nothing', async () => {
  const of = await service.createTenant();
  const [one, two, three] = [
    await create(of, { fkId: '1' }),
    await create(of, { fkId: '2' }),
    await create(of, { fkId: '3' }),
  ];
  const nobody = '0198f000-0000-7000-8000-000000000000';
  dataOf(await merge(of, one, [three]));
  const before = await stored(of);
  for (const [into, from, code] of [
    [one, [one], 'VALIDATION_FAILED'],
    [one, [], 'VALIDATION_FAILED'],
    [one, Array.from({ length: 21 }, () => two), 'VALIDATION_FAILED'],
    [one, [nobody], 'EXTERNAL_USER_NOT_FOUND'],
    [nobody, [one], 'EXTERNAL_USER_NOT_FOUND'],
    ['x', [one], 'EXTERNAL_USER_NOT_FOUND'],
    [one, [three], 'CONFLICT'],
    [three, [one], 'CONFLICT'],
  ] as const)
    expect(problemOf(await merge(of, into, from)).code).toBe(code);
  expect(problemOf(await undo(of, nobody)).code).toBe('MERGE_NOT_FOUND');
  expect(problemOf(await undo(of, 'x')).code).toBe('MERGE_NOT_FOUND');
  expect(await stored(of)).toEqual(before);
});

test('metadata that would be more than a user may have is refused, and changes nothing', async () => {
  const of = await service.createTenant();
  const [one, two] = [
    await create(of, { fkId: '1', metadata: { a: 'x'.repeat(9_000) } }),
    await create(of, { fkId: '2', metadata: { b: 'x'.repeat(9_000) } }),
  ];
  const before = await stored(of);
  const { errors } = await merge(of, one, [two]);
  expect(errors?.[0]?.extensions).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [{ path: ['input', 'fromIds'], message: 'would give the survivor metadata that must be at most 16 KB' }],
  });
  expect(await stored(of)).toEqual(before);
});

test('two who merge each other: one is done, the other refused; a deletion forgets the merges', async () => {
  const of = await service.createTenant();
  const [one, two] = [await create(of, { fkId: '1' }), await create(of, { fkId: '2' })];
  const answers = await Promise.all([merge(of, one, [two]), merge(of, two, [one])]);
  const done = answers.filter(({ errors }) => !errors);
  expect(done).toHaveLength(1);
  expect(answers.flatMap((answer) => (answer.errors ? [problemOf(answer).code] : []))).toEqual(['CONFLICT']);
  const { merge: made, externalUser } = dataOf(done[0] as (typeof answers)[0]).mergeExternalUsers;
  dataOf(
    await of.graphql('mutation ($id: ID!) { deleteExternalUser(input: { externalUserId: $id }) { deletedId } }', {
      id: externalUser.id,
    }),
  );
  expect(problemOf(await undo(of, made.id)).code).toBe('MERGE_NOT_FOUND');
  expect(await found(of, one)).toBeNull();
});

const merges = async ({ id }: TestTenant): Promise<string> =>
  JSON.stringify(
    await service.app.database.connection.query(
      prepared('select to_jsonb(m)::text as row from merge m where tenant_id = $1::uuid'),
      [id],
    ),
  );
const remove = async (of: TestTenant, id: string) =>
  dataOf(
    await of.graphql('mutation ($id: ID!) { deleteExternalUser(input: { externalUserId: $id }) { deletedId } }', {
      id,
    }),
  );

test('who was merged and came back is in no merge any more when they are deleted', async () => {
  const of = await service.createTenant();
  const [into, from] = [await create(of, { fkId: 'stays' }), await create(of, { email: 'goes@example.com' })];
  await undo(of, dataOf(await merge(of, into, [from])).mergeExternalUsers.merge.id);
  expect(await merges(of)).toContain('goes@example.com');
  await remove(of, from);
  expect(await merges(of)).toBe('[]');
});

test('a merge that still leads somebody forgets only who is deleted', async () => {
  const of = await service.createTenant();
  const [into, gone, stays] = [
    await create(of, { fkId: 'into' }),
    await create(of, { firstName: 'Gone', email: 'gone@example.com' }),
    await create(of, { firstName: 'Stays', email: 'stays@example.com' }),
  ];
  const { id } = dataOf(await merge(of, into, [gone, stays])).mergeExternalUsers.merge;
  const { identifiers } = dataOf(
    await of.graphql('query ($id: ID!) { externalUser(id: $id) { identifiers { id identifierValue } } }', { id: into }),
  ).externalUser;
  const { id: identifierId } = identifiers.find(
    (one: { identifierValue: string }) => one.identifierValue === 'stays@example.com',
  );
  dataOf(
    await of.graphql('mutation ($id: ID!) { removeExternalUserIdentifier(input: { identifierId: $id }) { removed } }', {
      id: identifierId,
    }),
  );
  // None of its identifiers is left to it, so it stays merged.
  expect(dataOf(await undo(of, id)).undoMerge.externalUsers).toHaveLength(2);
  await remove(of, gone);
  expect((await found(of, stays)).id).toBe(into);
  const left = await merges(of);
  expect(left).toContain('Stays Byron');
  expect(left).not.toContain('gone@example.com');
});
