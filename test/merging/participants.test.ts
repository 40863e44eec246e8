import { expect, test } from 'vitest';
import { dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { createConversation } from '../conversations/factories.ts';
import { createAccessKey, createAgent, createConfig, createParticipant } from '../factories.ts';
import { writeKey } from '../participants/webhook-keys.ts';
import { useApp } from '../use-app.ts';
import { change, found, join, merge, undo, world } from './participant-calls.ts';
import { stored as storedIn } from './stored.ts';

const service = useApp();
const stored = (of: TestTenant) => storedIn(service, of);
const prisma = () => service.app.database.prisma;

test('channels, bindings, memberships and the avatar move to the survivor, and come back', async () => {
  const of = await service.createTenant();
  const { slack, shared, own, into, from } = await world(service, of);
  const [both, alone] = [await createConversation(of), await createConversation(of)];
  const kept = (await join(of, both, into, 'PENDING')).participant;
  await join(of, both, from, 'ACTIVE');
  const moved = (await join(of, alone, from)).participant;
  const bindings = await prisma().binding.findMany({ where: { tenantId: of.id, agentId: shared } });
  const bindingOf = (id: string) => bindings.find(({ participantId }) => participantId === id)?.id ?? '';
  const ended = await writeKey(service, of.id, slack, { bindingId: bindingOf(from) });
  const works = await writeKey(service, of.id, slack, { bindingId: bindingOf(into) });
  await prisma().channel.updateMany({
    where: { tenantId: of.id, participantId: from, address: 'U0AAAAAAA' },
    data: { messageCount: 7, lastMessageAt: new Date('2026-11-01T00:00:00Z') },
  });
  const before = await stored(of);
  const { avatarFileId } = await found(of, from);
  expect(avatarFileId).not.toBeNull();

  const preview = dataOf(await merge(of, into, [from], true)).mergeParticipants;
  expect(await stored(of)).toEqual(before);
  const done = dataOf(await merge(of, into, [from])).mergeParticipants;
  expect(preview.participant).toEqual(done.participant);
  expect({ ...preview.merge, id: done.merge.id }).toEqual(done.merge);
  expect(done.merge).toMatchObject({
    into: { id: into, displayName: 'Ada Lovelace' },
    from: [{ id: from, displayName: 'A. Byron' }],
    actor: { kind: 'USER' },
    conflicts: [
      { field: 'webhookKey', kept: works, dropped: ended },
      { field: 'displayName', kept: 'Ada Lovelace', dropped: 'A. Byron' },
    ],
    undoneAt: null,
  });
  expect(done.participant).toMatchObject({
    id: into,
    displayName: 'Ada Lovelace',
    email: 'ada@example.com',
    agentIds: [shared, own].sort(),
    avatarFileId,
    channels: [{ address: 'ada@example.com' }, { address: 'U0AAAAAAA' }],
  });
  const survivor = await found(of, into);
  expect(survivor).toEqual(done.participant);
  expect(await found(of, from)).toEqual(survivor);
  expect(await join(of, alone, from)).toMatchObject({
    created: false,
    participant: { id: moved.id, participantId: into },
  });
  expect(await join(of, both, into)).toMatchObject({ participant: { id: kept.id, status: 'ACTIVE' } });
  expect(
    await prisma().channel.findFirstOrThrow({ where: { tenantId: of.id, participantId: into, address: 'U0AAAAAAA' } }),
  ).toMatchObject({ messageCount: 7, priority: 1 });

  const undone = dataOf(await undo(of, done.merge.id)).undoMerge;
  expect(undone).toMatchObject({ notRestored: [], externalUsers: [], participants: [{ id: into }, { id: from }] });
  expect(await stored(of)).toEqual(before);
  expect(problemOf(await undo(of, done.merge.id)).code).toBe('CONFLICT');
});

test('who was merged away is named by the former id, by every mutation', async () => {
  const of = await service.createTenant();
  const { slack, own, into, from } = await world(service, of);
  const talk = await createConversation(of);
  await join(of, talk, from, 'PENDING');
  const agent = await createAgent(of);
  dataOf(await merge(of, into, [from]));
  const named = `participant { id displayName }`;
  expect(await change(of, 'updateParticipant', { participantId: from, displayName: 'Ada' }, named)).toEqual({
    participant: { id: into, displayName: 'Ada' },
  });
  for (const name of ['disableParticipant', 'enableParticipant', 'removeParticipantAvatar'])
    expect(await change(of, name, { participantId: from }, named)).toMatchObject({ participant: { id: into } });
  expect(
    await change(
      of,
      'addParticipantChannel',
      { participantId: from, integrationConfigId: slack, address: 'U0BBBBBBB' },
      named,
    ),
  ).toMatchObject({ participant: { id: into } });
  expect(
    await change(of, 'bindParticipant', { participantId: from, agentId: agent }, 'created binding { participantId }'),
  ).toEqual({ created: true, binding: { participantId: into } });
  expect(
    await change(of, 'bindParticipants', { participantIds: [from, into], agentId: own }, 'bindings { participantId }'),
  ).toEqual({ bindings: [{ participantId: into }, { participantId: into }] });
  expect(
    await change(of, 'unbindParticipant', { participantId: from, agentId: agent }, `removed ${named}`),
  ).toMatchObject({ removed: true, participant: { id: into } });
  expect(
    await change(
      of,
      'patchConversationParticipant',
      { conversationId: talk, participantId: from, status: 'ACTIVE' },
      'participant { participantId status }',
    ),
  ).toEqual({ participant: { participantId: into, status: 'ACTIVE' } });
  const read = dataOf(
    await of.graphql(
      `query ($id: ID!, $talk: ID!) { node(id: $id) { id } participantConversations(by: { participantId: $id }) { nodes { id } }
        conversationParticipant(conversationId: $talk, participantId: $id) { participantId subject { ... on Participant { id } } } }`,
      { id: from, talk },
    ),
  );
  expect(read).toMatchObject({
    participantConversations: { nodes: [{ id: talk }] },
    conversationParticipant: { participantId: into, subject: { id: into } },
  });
  const { headers } = await createAccessKey(of, ['PARTICIPANTS_READ']);
  const url = `http://localhost/v1/tenants/${of.id}/participants/${from}`;
  const response = await service.app.fetch(new Request(url, { headers }));
  expect(((await response.json()) as Untyped).id).toBe(into);
  await join(of, talk, await createParticipant(of));
  const { id } = (await join(of, talk, into)).participant;
  expect(
    await change(of, 'removeConversationParticipant', { conversationId: talk, participantId: from }, 'removedId'),
  ).toEqual({ removedId: id });
  expect(await change(of, 'deleteParticipant', { participantId: from }, 'deletedId')).toEqual({ deletedId: into });
  expect(await found(of, from)).toBeNull();
  expect((await stored(of))['merged_id']).toEqual([]);
});

test('what cannot be merged is refused, and changes nothing', async () => {
  const of = await service.createTenant();
  const [one, two, three] = [await createParticipant(of), await createParticipant(of), await createParticipant(of)];
  const group = await createParticipant(of, { kind: 'GROUP' });
  const config = await createConfig(of);
  const many = (from: number) =>
    Array.from({ length: 60 }, (_, n) => ({ integrationConfigId: config, address: `U0MANY${from + n}` }));
  const [first, second] = [
    await createParticipant(of, { channels: many(100) }),
    await createParticipant(of, { channels: many(200) }),
  ];
  const user = (
    await change(of, 'createExternalUser', { firstName: 'A', lastName: 'B', fkId: 'a' }, 'externalUser { id }')
  ).externalUser.id;
  const { merge: done } = dataOf(await merge(of, one, [three])).mergeParticipants;
  const before = await stored(of);
  for (const [into, from, code] of [
    [one, [one], 'VALIDATION_FAILED'],
    [one, [], 'VALIDATION_FAILED'],
    [one, [group], 'VALIDATION_FAILED'],
    [first, [second], 'VALIDATION_FAILED'],
    [one, [user], 'PARTICIPANT_NOT_FOUND'],
    [user, [one], 'PARTICIPANT_NOT_FOUND'],
    ['x', [one], 'PARTICIPANT_NOT_FOUND'],
    [one, ['x'], 'PARTICIPANT_NOT_FOUND'],
    [two, [three], 'CONFLICT'],
    [three, [two], 'CONFLICT'],
  ] as const)
    expect([into, from, problemOf(await merge(of, into, from)).code]).toEqual([into, from, code]);
  const users = await createAccessKey(of, ['USERS_READ', 'USERS_WRITE']);
  expect(problemOf(await undo(of, done.id, users.headers)).code).toBe('FORBIDDEN');
  const { headers } = await createAccessKey(of, ['CONVERSATIONS_WRITE']);
  expect(problemOf(await undo(of, done.id, headers)).code).toBe('FORBIDDEN');
  const node = (headers: Record<string, string>) =>
    of.graphql('query ($id: ID!) { node(id: $id) { id } }', { id: done.id }, headers);
  expect(problemOf(await node(users.headers)).code).toBe('FORBIDDEN');
  const directory = await createAccessKey(of, ['PARTICIPANTS_READ']);
  expect(dataOf(await node(directory.headers)).node.id).toBe(done.id);
  expect(problemOf(await undo(of, done.id, directory.headers)).code).toBe('FORBIDDEN');
  expect(await stored(of)).toEqual(before);
});

test('two who merge each other, a merge against an ensure and a deletion: one after the other', async () => {
  const of = await service.createTenant();
  for (let round = 0; round < 5; round += 1) {
    const [one, two] = [await createParticipant(of), await createParticipant(of)];
    const answers = await Promise.all([merge(of, one, [two]), merge(of, two, [one])]);
    expect(answers.flatMap((answer) => (answer.errors ? [problemOf(answer).code] : []))).toEqual(['CONFLICT']);
    const survivor = (await found(of, one)).id;
    expect((await found(of, two)).id).toBe(survivor);

    const three = await createParticipant(of);
    const talk = await createConversation(of);
    const [merged, ensured] = await Promise.all([merge(of, survivor, [three]), join(of, talk, three)]);
    dataOf(merged);
    expect(ensured.created).toBe(true);
    expect(await join(of, talk, survivor)).toMatchObject({
      created: false,
      participant: { id: ensured.participant.id },
    });

    const four = await createParticipant(of);
    const [mergedToo, deleted] = await Promise.all([
      merge(of, survivor, [four]),
      of.graphql('mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }', {
        id: four,
      }),
    ]);
    // Deleted first, there is nobody to merge. Merged first, the id means the survivor.
    const { deletedId } = dataOf(deleted).deleteParticipant;
    if (mergedToo.errors) expect([problemOf(mergedToo).code, deletedId]).toEqual(['PARTICIPANT_NOT_FOUND', four]);
    else expect(deletedId).toBe(survivor);
  }
});
