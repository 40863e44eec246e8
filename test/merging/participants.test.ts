import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joined } from 'node:path';
import { expect, test } from 'vitest';
import { sweepFiles } from '../../src/avatars/sweep.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { createAccessKey, createAgent, createConfig, createParticipant } from '../factories.ts';
import { blue, png } from '../fakes/images.ts';
import { writeKey } from '../participants/webhook-keys.ts';
import { upload } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';
import { stored as storedIn } from './stored.ts';

const storage = await openStorage(`file:${mkdtempSync(joined(tmpdir(), 'rollcall-merging-'))}`);
const service = useAppAlone({}, undefined, { storage });
const stored = (of: TestTenant) => storedIn(service, of);
const prisma = () => service.app.database.prisma;

const person = 'id displayName email agentIds channels { id address priority } avatarFileId';
const merge = (of: TestTenant, intoId: string, fromIds: readonly string[], preview = false) =>
  of.graphql(
    `mutation ($input: MergeParticipantsInput!) { mergeParticipants(input: $input) {
      participant { ${person} }
      merge { id into { id displayName } from { id displayName } actor { kind } conflicts { field kept dropped } undoneAt } } }`,
    { input: { intoId, fromIds, preview } },
  );
const undo = (of: TestTenant, mergeId: string, headers?: Record<string, string>) =>
  of.graphql(
    'mutation ($id: ID!) { undoMerge(input: { mergeId: $id }) { merge { undoneAt } externalUsers { id } participants { id } notRestored { subjectId field detail } } }',
    { id: mergeId },
    headers,
  );
const found = async (of: TestTenant, id: string) =>
  dataOf(await of.graphql(`query ($id: ID!) { participant(id: $id) { ${person} } }`, { id })).participant;
const conversation = async (of: TestTenant): Promise<string> =>
  dataOf(await of.graphql('mutation { createConversation(input: {}) { conversation { id } } }')).createConversation
    .conversation.id;
const join = async (of: TestTenant, conversationId: string, id: string, status = 'ACTIVE') =>
  dataOf(
    await of.graphql(
      'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created participant { id participantId status } } }',
      { input: { conversationId, participant: { user: { id } }, status } },
    ),
  ).ensureConversationParticipant;
const change = async (of: TestTenant, name: string, input: object, fields: string): Promise<Untyped> => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return dataOf(await of.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input }))[
    name
  ];
};

/** Two participants with something of everything, some of it alike. */
async function world(of: TestTenant) {
  const [slack, mail] = [await createConfig(of, 'slack'), await createConfig(of, 'email')];
  const [shared, own] = [await createAgent(of), await createAgent(of)];
  const into = await createParticipant(of, {
    displayName: 'Ada Lovelace',
    channels: [{ integrationConfigId: slack, address: 'U0AAAAAAA', priority: 1 }],
    agentIds: [shared],
  });
  const from = await createParticipant(of, {
    displayName: 'A. Byron',
    email: 'ada@example.com',
    channels: [
      { integrationConfigId: slack, address: 'U0AAAAAAA' },
      { integrationConfigId: mail, address: 'ada@example.com' },
    ],
    agentIds: [shared, own],
  });
  dataOf(await upload(service, of, from, await png()));
  return { slack, mail, shared, own, into, from };
}

test('channels, bindings, memberships and the avatar move to the survivor, and come back', async () => {
  const of = await service.createTenant();
  const { slack, shared, own, into, from } = await world(of);
  const [both, alone] = [await conversation(of), await conversation(of)];
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
  const { slack, own, into, from } = await world(of);
  const talk = await conversation(of);
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

test('a picture stays as long as the merge can be undone', async () => {
  const of = await service.createTenant();
  const { into, from } = await world(of);
  dataOf(await upload(service, of, into, await png(300, 200, blue)));
  const [mine, theirs] = [(await found(of, into)).avatarFileId, (await found(of, from)).avatarFileId];
  const { merge: done } = dataOf(await merge(of, into, [from])).mergeParticipants;
  const sweep = async () => {
    await sweepFiles(service.app.database, storage, 0);
    const files = await prisma().file.findMany({ where: { tenantId: of.id } });
    return files.map(({ id }) => id).sort();
  };
  expect((await found(of, into)).avatarFileId).toBe(mine);
  expect(await sweep()).toEqual([mine, theirs].sort());
  dataOf(await undo(of, done.id));
  expect((await found(of, from)).avatarFileId).toBe(theirs);
  dataOf(await merge(of, into, [from]));
  await change(of, 'deleteParticipant', { participantId: into }, 'deletedId');
  expect(await sweep()).toEqual([]);
});

test('what was changed since a merge stays, and is named', async () => {
  const of = await service.createTenant();
  const { mail, own, shared, into, from } = await world(of);
  const talk = await conversation(of);
  await join(of, talk, from);
  const { merge: done } = dataOf(await merge(of, into, [from])).mergeParticipants;
  await change(of, 'updateParticipant', { participantId: into, email: 'other@example.com' }, 'participant { id }');
  await change(of, 'removeParticipantAvatar', { participantId: into }, 'participant { id }');
  await change(of, 'unbindParticipant', { participantId: into, agentId: own }, 'removed');
  await change(of, 'deleteIntegrationConfig', { integrationConfigId: mail, force: true }, 'deletedId');
  await change(of, 'deleteConversation', { conversationId: talk }, 'deletedId');
  const { notRestored } = dataOf(await undo(of, done.id)).undoMerge;
  expect(notRestored.map((its: { subjectId: string; field: string }) => [its.subjectId, its.field])).toEqual([
    [into, 'email'],
    [into, 'avatar'],
    [from, 'channels'],
    [from, 'bindings'],
    [from, 'conversations'],
  ]);
  const back = await found(of, from);
  expect(back).toMatchObject({ email: 'ada@example.com', agentIds: [shared], channels: [{ address: 'U0AAAAAAA' }] });
  expect(back.avatarFileId).not.toBeNull();
  expect(await found(of, into)).toMatchObject({ email: 'other@example.com', agentIds: [shared], avatarFileId: null });
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
    const talk = await conversation(of);
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
