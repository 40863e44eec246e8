import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joined } from 'node:path';
import { expect, test } from 'vitest';
import { sweepFiles } from '../../src/avatars/sweep.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { dataOf } from '../app.ts';
import { createConversation } from '../conversations/factories.ts';
import { blue, png } from '../fakes/images.ts';
import { upload } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';
import { change, found, join, merge, undo, world } from './participant-calls.ts';

const storage = await openStorage(`file:${mkdtempSync(joined(tmpdir(), 'rollcall-merging-'))}`);
const service = useAppAlone({}, undefined, { storage });
const prisma = () => service.app.database.prisma;

test('a picture stays as long as the merge can be undone', async () => {
  const of = await service.createTenant();
  const { into, from } = await world(service, of);
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
  const { mail, own, shared, into, from } = await world(service, of);
  const talk = await createConversation(of);
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
