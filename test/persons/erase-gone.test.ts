import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { createDataJobRunner } from '../../src/transfer/run.ts';
import { dataOf, type TestTenant, type Untyped } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { rowsOf } from '../tenants/world.ts';
import { importFile } from '../uploads.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const send = async (of: TestTenant, name: string, input: object, fields = '__typename'): Promise<Untyped> => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  const answer = await of.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input });
  return dataOf(answer)[name];
};
const createUser = async (of: TestTenant, input: object): Promise<string> =>
  (await send(of, 'createExternalUser', { firstName: 'A', lastName: 'B', ...input }, 'externalUser { id }'))
    .externalUser.id;
const remove = (of: TestTenant, externalUserId: string) => send(of, 'deleteExternalUser', { externalUserId });
const erase = async (of: TestTenant, by: object): Promise<Untyped> =>
  (
    await send(
      of,
      'erasePerson',
      { by, confirm: true },
      'erased { externalUsers participants memberships historyEntries }',
    )
  ).erased;
const everything = async ({ id }: TestTenant) => JSON.stringify(await rowsOf(service.app.database, id));
const conversation = async (of: TestTenant): Promise<string> =>
  (await send(of, 'createConversation', {}, 'conversation { id }')).conversation.id;
const join = async (of: TestTenant, conversationId: string, id: string): Promise<string> =>
  (
    await send(
      of,
      'ensureConversationParticipant',
      { conversationId, participant: { contact: { id } } },
      'participant { id }',
    )
  ).participant.id;

test('the history of somebody who was deleted before goes with an identifier that they had', async () => {
  const of = await service.createTenant();
  const user = await createUser(of, { firstName: 'Leaky', email: 'leaky@example.com', fkId: 'other-1' });
  await send(of, 'updateExternalUser', { externalUserId: user, firstName: 'Leakyname' });
  await send(of, 'addExternalUserIdentifier', {
    externalUserId: user,
    identifierKey: 'emailaddress',
    identifierValue: 'second-leaky@example.com',
  });
  const talk = await conversation(of);
  const left = await join(of, talk, user);
  await send(of, 'removeConversationParticipant', { conversationId: talk, participantId: user });
  await join(of, talk, user);
  await remove(of, user);
  const before = await everything(of);
  expect([before.includes('Leakyname'), before.includes(left)]).toEqual([true, true]);

  const erased = await erase(of, { email: 'SECOND-Leaky@example.com' });
  expect(erased).toMatchObject({ externalUsers: 0, memberships: 1 });
  expect(erased.historyEntries).toBeGreaterThan(6);
  const after = await everything(of);
  expect(['Leaky', 'leaky', 'other-1', user, left].filter((mark) => after.includes(mark))).toEqual([]);
  expect(after).toContain(talk);
});

test('a number is found as it was stored, also where it is compared by another spelling', async () => {
  const of = await service.createTenant();
  await remove(of, await createUser(of, { phoneNumber: '+5491123456789' }));
  const other = await createUser(of, { phoneNumber: '+5491123456780' });
  expect(await everything(of)).toContain('5491123456789');
  await erase(of, { phoneNumber: '+541123456789' });
  const after = await everything(of);
  expect([after.includes('1123456789'), after.includes(other)]).toEqual([false, true]);
});

test('the notes of a sender who is gone go too', async () => {
  const of = await service.createTenant();
  const { prisma } = service.app.database;
  const config = await createConfig(of, 'slack');
  const now = new Date();
  const [id, stays] = [newId(), newId()];
  const heard = { tenantId: of.id, integrationConfigId: config, messageCount: 1, firstMessageAt: now };
  await prisma.unknownSender.createMany({
    data: [
      { ...heard, id, address: 'UGONE', note: 'a note of the one', lastMessageAt: now },
      { ...heard, id: stays, address: 'USTAYS', note: 'a note of another', lastMessageAt: now },
    ],
  });
  await prisma.unknownSender.deleteMany({ where: { tenantId: of.id } });
  await erase(of, { channel: { provider: 'slack', address: 'UGONE' } });
  const after = await everything(of);
  expect([after.includes('a note of the one'), after.includes('UGONE'), after.includes(id)]).toEqual([
    false,
    false,
    false,
  ]);
  expect(after).toContain('a note of another');
});

test('who had the identifier for a time loses what says so, and nothing else', async () => {
  const of = await service.createTenant();
  const other = await createUser(of, { firstName: 'Other', email: 'mistaken@example.com' });
  await send(of, 'updateExternalUser', { externalUserId: other, email: 'right@example.com' });
  await send(of, 'updateExternalUser', { externalUserId: other, firstName: 'Another' });
  await createUser(of, { email: 'mistaken@example.com' });
  expect(await erase(of, { email: 'mistaken@example.com' })).toMatchObject({ externalUsers: 1 });
  expect(await everything(of)).not.toContain('mistaken');
  const { history } = dataOf(
    await of.graphql('query ($id: ID!) { externalUser(id: $id) { history { nodes { changes { field after } } } } }', {
      id: other,
    }),
  ).externalUser;
  expect(history.nodes).toEqual([{ changes: [{ field: 'firstName', after: 'Another' }] }]);
});

test('a deleted group with the same address is nobody’s data', async () => {
  const of = await service.createTenant();
  const config = await createConfig(of, 'sms');
  const channels = [{ integrationConfigId: config, address: '+14155550177' }];
  const group = await createParticipant(of, { kind: 'GROUP', displayName: 'The group', channels });
  await send(of, 'deleteParticipant', { participantId: group });
  await createUser(of, { phoneNumber: '+14155550177' });
  await erase(of, { phoneNumber: '+14155550177' });
  const after = await everything(of);
  expect([after.includes('The group'), after.includes('4155550177')]).toEqual([true, false]);
});

test('an undone merge keeps nothing of the one who came back', async () => {
  const of = await service.createTenant();
  const into = await createUser(of, { fkId: 'stays' });
  const from = await createUser(of, { firstName: 'Merged', email: 'merged@example.com' });
  const { merge } = await send(of, 'mergeExternalUsers', { intoId: into, fromIds: [from] }, 'merge { id }');
  await send(of, 'undoMerge', { mergeId: merge.id });
  expect(await erase(of, { email: 'merged@example.com' })).toMatchObject({ externalUsers: 1 });
  const after = await everything(of);
  expect(['merged@', 'Merged', from].filter((mark) => after.includes(mark))).toEqual([]);
  expect(after).toContain(into);
});

test('who is merged while they are erased is erased', async () => {
  const of = await service.createTenant();
  for (let round = 0; round < 6; round += 1) {
    const email = `racing-${round}@example.com`;
    const into = await createUser(of, { fkId: `racing-${round}` });
    const from = await createUser(of, { email });
    const merging = of.graphql(
      'mutation ($into: ID!, $from: ID!) { mergeExternalUsers(input: { intoId: $into, fromIds: [$from] }) { merge { id } } }',
      { into, from },
    );
    await Promise.all([merging, erase(of, { email })]);
    expect(await everything(of)).not.toContain(email);
  }
});

test('an import that waits ends, and its file is withdrawn', async () => {
  const of = await service.createTenant();
  const { startImport } = dataOf(
    await importFile(service, of, 'email\nbrought-back@example.com\n', { kind: 'EXTERNAL_USERS', format: 'CSV' }),
  );
  await erase(of, { email: 'brought-back@example.com' });
  const { import: job } = dataOf(
    await of.graphql('query ($id: ID!) { import(id: $id) { state error { code } } }', { id: startImport.import.id }),
  );
  expect(job).toEqual({ state: 'FAILED', error: { code: 'CONFLICT' } });
});

test.each(['IMPORT', 'EXPORT'] as const)('an %s that has read the person ends without them', async (direction) => {
  const of = await service.createTenant();
  const { database } = service.app;
  const email = `${direction.toLowerCase()}ed@example.com`;
  if (direction === 'EXPORT') await createUser(of, { email });
  const [id, fileId, workerId] = [newId(), newId(), newId()];
  const facts = { path: fileId, name: 'x.csv', contentType: 'text/csv' };
  const later = new Date(Date.now() + 3_600_000);
  await database.prisma.dataFile.create({ data: { tenantId: of.id, id: fileId, ...facts, expiresAt: later } });
  const job = await database.prisma.dataJob.create({
    data: {
      tenantId: of.id,
      id,
      direction,
      kind: 'EXTERNAL_USERS',
      format: 'CSV',
      fileId: direction === 'IMPORT' ? fileId : null,
      state: 'RUNNING',
      begunBy: 'tester',
      workerId,
      attempts: 1,
      leaseUntil: later,
    },
  });
  // The person is erased when the file of an export is stored, or when that of an import was read.
  const stored: string[] = [];
  const storage = {
    async open() {
      await erase(of, { email });
      const bytes = Buffer.from(`email\n${email}\n`);
      return { size: bytes.length, read: async () => Readable.from([bytes]) };
    },
    async putStream(path: string) {
      stored.push(path);
      await erase(of, { email });
    },
  };
  const hooks = {
    channelsChanged: async () => {},
    setAvatarFile: async () => {},
    beforeDelete: async () => {},
  };
  await createDataJobRunner({ database, storage, hooks, unexpected: () => {} })({
    ...job,
    workerId,
    startedAt: new Date(),
  });
  const after = await database.prisma.dataJob.findFirstOrThrow({ where: { id } });
  expect(after.state).toBe(direction === 'IMPORT' ? 'FAILED' : 'QUEUED');
  expect(await everything(of)).not.toContain(email);
  const files = await database.prisma.dataFile.findMany({ where: { tenantId: of.id } });
  expect(files.filter(({ expiresAt }) => expiresAt > new Date())).toEqual([]);
  expect(stored).toHaveLength(direction === 'IMPORT' ? 0 : 1);
});
