import { expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { useAppAlone } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useAppAlone({ IMPORT_WORKERS: '2', JOB_LEASE_MS: '2000' });
const { imported, importedRows, rejectedOf, exported } = transfers(service);
const run = async (document: string, variables = {}) => dataOf(await service.tenant.graphql(document, variables));
const flow = (id: string) => ({ participant: { flow: { id } } });
const member = (by: object, more = {}) => ({ participant: by, ...more });

const participant = async (id: string) =>
  (
    await run(
      'query ($id: ID!) { participant(id: $id) { displayName email kind disabledAt modifiedAt channels { address priority } agents { id } } }',
      { id },
    )
  ).participant;
const conversation = async (id: string) =>
  (
    await run(
      'query ($id: ID!) { conversation(id: $id) { name description closedAt modifiedAt attributes participants { type participantId status } } }',
      { id },
    )
  ).conversation;

test('a conversation is opened with a contact whose identifier is not its primary one', async () => {
  const { createExternalUser } = await run(
    'mutation { createExternalUser(input: { firstName: "A", lastName: "B", email: "one@secondary.example" }) { externalUser { id } } }',
  );
  const { id } = createExternalUser.externalUser;
  await run(
    'mutation ($id: ID!) { addExternalUserIdentifier(input: { externalUserId: $id, identifierKey: emailaddress, identifierValue: "two@secondary.example" }) { externalUser { id } } }',
    { id },
  );
  const by = { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: 'Two@secondary.example' } };
  const { createConversation } = await run(
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { participants { participantId } } } }',
    { input: { participants: [{ participant: by }] } },
  );
  expect(createConversation.conversation.participants).toEqual([{ participantId: id }]);
});

test.each([
  ['{"name":"bad","participants":[{}]}', 'participants.0.participant'],
  ['{"name":"bad","participants":[null]}', 'participants.0'],
  ['{"name":"bad","participants":"all"}', 'participants'],
  ['{"name":"bad","participants":[{"participant":{"flow":{"id":"f"}},"status":"there"}]}', 'participants.0.status'],
  [
    '{"name":"bad","participants":[{"participant":{"contactByIdentifier":{"identifierKey":"email","identifierValue":"a@b.example"}}}]}',
    'participants.0.participant.contactByIdentifier.identifierKey',
  ],
  ['{"name":"bad","participants":[{"participant":{"flow":{"id":"a\\u0000"}}}]}', 'participants.0.participant.flow.id'],
  ['{"name":"bad","participants":[{"participant":{"user":{"id":"nobody"}}}]}', 'participants.0.participant'],
  ['{"name":"bad","participants":[{"participant":{"agent":{"id":"nobody"}}}]}', 'participants.0.participant'],
  ['{"name":"bad","agentId":"a\\u0000"}', 'agentId'],
  ['{"name":"bad","status":"done"}', 'status'],
  ['{"name":"bad","status":1}', 'status'],
  ['{"name":"bad","attributes":{"n":12345678901234567890}}', 'attributes'],
])('of conversations only the row %s is refused', async (bad, field) => {
  const good = { id: crypto.randomUUID(), name: 'good', participants: [flow('f')] };
  const job = await importedRows('CONVERSATIONS', [bad, good]);
  expect(job).toMatchObject({ state: 'DONE', created: 1, rejected: 1 });
  expect((await rejectedOf(job))[0]).toMatch(new RegExp(`^1,${field.replaceAll('.', '\\.')},`));
});

test.each([
  ['{"displayName":"bad","kind":"people"}', 'kind'],
  ['{"displayName":"bad","kind":["PERSON"]}', 'kind'],
  ['{"displayName":"bad","agentIds":["a\\u0000"]}', 'agentIds.0'],
  ['{"displayName":"bad","agentIds":[null]}', 'agentIds.0'],
  ['{"displayName":"bad","channels":[null]}', 'channels.0'],
  ['{"displayName":"bad","channels":{}}', 'channels'],
  ['{"displayName":"bad","disabledAt":"yesterday"}', 'disabledAt'],
  ['{"kind":"GROUP"}', 'displayName'],
])('of participants only the row %s is refused', async (bad, field) => {
  const job = await importedRows('PARTICIPANTS', [bad, { id: crypto.randomUUID(), displayName: 'good' }]);
  expect(job).toMatchObject({ state: 'DONE', created: 1, rejected: 1 });
  expect((await rejectedOf(job))[0]).toMatch(new RegExp(`^1,${field.replaceAll('.', '\\.')},`));
});

test('a kind and a status are read in any case and between blanks, and the right ones are named', async () => {
  const people = 'id,name,kind\ncase-1,One,person\ncase-2,Two,"  Group "\ncase-3,Three,pErson\ncase-4,Four,human\n';
  const job = await imported(people, { kind: 'PARTICIPANTS' });
  expect(job).toMatchObject({ created: 3, rejected: 1 });
  expect(await rejectedOf(job)).toEqual(['5,kind,"must be PERSON, GROUP or AI_AGENT"']);
  const again = people.replace('Two', 'Both');
  expect(await imported(again, { kind: 'PARTICIPANTS', onConflict: 'UPDATE' })).toMatchObject({
    updated: 1,
    unchanged: 2,
  });
  const [id, joined] = [crypto.randomUUID(), { ...flow('one'), status: ' invited ' }];
  const rows = [
    { id, name: 'Case', status: 'Closed', participants: [joined] },
    { name: 'bad', status: 'ended' },
    { name: 'bad', participants: [{ ...joined, status: 'gone' }] },
  ];
  expect(await rejectedOf(await importedRows('CONVERSATIONS', rows))).toEqual([
    '2,status,must be OPEN or CLOSED',
    '3,participants.0.status,"must be PENDING, INVITED or ACTIVE"',
  ]);
  expect(await conversation(id)).toMatchObject({
    closedAt: expect.any(String),
    participants: [{ participantId: 'one', status: 'INVITED' }],
  });
});

test('a participant is changed where the row differs, and only then', async () => {
  const agentId = await createAgent(service.tenant);
  const integrationConfigId = await createConfig(service.tenant);
  const id = crypto.randomUUID();
  const row = {
    id,
    displayName: 'Changing',
    email: 'c@change.example',
    agentIds: [agentId],
    channels: [{ integrationConfigId, address: 'U1', priority: 2 }],
  };
  const update = (rows: object[], more = {}) => importedRows('PARTICIPANTS', rows, { onConflict: 'UPDATE', ...more });
  expect(await update([row])).toMatchObject({ created: 1 });
  const before = await participant(id);
  expect(await update([row])).toMatchObject({ unchanged: 1, updated: 0 });
  expect(await participant(id)).toEqual(before);
  const disabledAt = '2020-02-03T04:05:06.007Z';
  const changed = { ...row, displayName: 'Changed', disabledAt };
  expect(await update([changed], { dryRun: true })).toMatchObject({ updated: 1 });
  expect(await participant(id)).toEqual(before);
  expect(await update([changed])).toMatchObject({ updated: 1 });
  expect(await participant(id)).toMatchObject({ displayName: 'Changed', disabledAt, channels: [{ address: 'U1' }] });
  expect(await update([changed])).toMatchObject({ unchanged: 1 });
  expect(await update([{ id, kind: 'GROUP' }])).toMatchObject({ rejected: 1 });
});

test('a conversation is changed, closed and joined where the row differs, and only then', async () => {
  const id = crypto.randomUUID();
  const update = (row: object, more = {}) =>
    importedRows('CONVERSATIONS', [{ id, ...row }], { onConflict: 'UPDATE', ...more });
  const row = { name: 'Changing', attributes: { a: 1 }, participants: [flow('one')] };
  expect(await update(row)).toMatchObject({ created: 1 });
  const before = await conversation(id);
  expect(await update(row)).toMatchObject({ unchanged: 1 });
  expect(await conversation(id)).toEqual(before);
  const by = { contactByIdentifier: { identifierKey: 'fkid', identifierValue: 'joins' } };
  const closed = {
    attributes: { b: 2 },
    status: 'CLOSED',
    closedAt: '2021-01-01T00:00:00.000Z',
    participants: [flow('two'), member(by)],
  };
  expect(await update(closed, { dryRun: true })).toMatchObject({ updated: 1 });
  expect(await conversation(id)).toEqual(before);
  expect(await update(closed)).toMatchObject({ updated: 1 });
  const after = await conversation(id);
  expect(after).toMatchObject({ name: 'Changing', attributes: { a: 1, b: 2 }, closedAt: closed.closedAt });
  expect(after.participants).toHaveLength(3);
  expect(await update(closed)).toMatchObject({ unchanged: 1 });
  expect(await conversation(id)).toEqual(after);
  expect(await update({ status: 'OPEN' })).toMatchObject({ updated: 1 });
  expect(await conversation(id)).toMatchObject({ closedAt: null });
});

test('a dry run of participants and conversations refuses what the import refuses, and writes nothing', async () => {
  const id = crypto.randomUUID();
  const rows = [
    { id, displayName: 'Dry' },
    { id, displayName: 'Dry' },
    { displayName: '' },
    { displayName: 'x', agentIds: ['nobody'] },
  ];
  const dry = await importedRows('PARTICIPANTS', rows, { dryRun: true });
  expect(await participant(id)).toBeNull();
  const real = await importedRows('PARTICIPANTS', rows);
  expect(dry).toMatchObject({ created: 1, unchanged: 1, rejected: 2 });
  expect(real).toMatchObject({ created: 1, unchanged: 1, rejected: 2 });
  expect(await rejectedOf(dry)).toEqual(await rejectedOf(real));
});

test('a row without an id of ours is found again by its own, though all else changes', async () => {
  expect(await imported('id,displayName\nc-17,Before\n', { kind: 'PARTICIPANTS' })).toMatchObject({ created: 1 });
  const renamed = 'id,displayName\nc-17,After\n';
  expect(await imported(renamed, { kind: 'PARTICIPANTS', onConflict: 'UPDATE' })).toMatchObject({
    updated: 1,
    created: 0,
  });
});

test('a person who was erased and blocked comes back by no kind of row', async () => {
  const integrationConfigId = await createConfig(service.tenant, 'email');
  await createParticipant(service.tenant, {
    displayName: 'Gone',
    email: 'gone@blocked.example',
    channels: [{ integrationConfigId, address: 'Other@blocked.example' }],
  });
  await run(
    'mutation { erasePerson(input: { by: { email: "gone@blocked.example" }, confirm: true, block: true }) { erased { participants } } }',
  );
  const people = [
    { displayName: 'Back', email: 'Gone@blocked.example' },
    { displayName: 'Back', channels: [{ integrationConfigId, address: 'other@Blocked.example' }] },
    { displayName: 'Fine', email: 'fine@blocked.example' },
  ];
  const job = await importedRows('PARTICIPANTS', people);
  expect(job).toMatchObject({ created: 1, rejected: 2 });
  expect((await rejectedOf(job))[0]).toMatch(/erased/);
  const by = { contactByIdentifier: { identifierKey: 'emailaddress', identifierValue: 'GONE@blocked.example' } };
  expect(await importedRows('CONVERSATIONS', [{ name: 'Back', participants: [member(by)] }])).toMatchObject({
    created: 0,
    rejected: 1,
  });
});

test('participants and conversations are imported elsewhere without a loss', async () => {
  const here = await service.createTenant();
  const { prisma } = service.app.database;
  await createAgent(here, 'loss-agent');
  const config = await createConfig(here);
  const ids = await Promise.all(
    Array.from({ length: 60 }, (_, n) =>
      createParticipant(here, {
        displayName: ` P${n}`,
        channels: [{ integrationConfigId: config, address: ` U ${n} `, label: 'l', priority: n }],
        agentIds: ['loss-agent'],
      }),
    ),
  );
  await prisma.participant.update({
    where: { tenantId_id: { tenantId: here.id, id: ids[0] as string } },
    data: { disabledAt: new Date('2020-01-01T00:00:00.120Z') },
  });
  const user = dataOf(
    await here.graphql(
      'mutation { createExternalUser(input: { firstName: "A", lastName: "B", fkId: "loss-x" }) { externalUser { id } } }',
    ),
  ).createExternalUser.externalUser.id;
  const gone = dataOf(
    await here.graphql(
      'mutation { createExternalUser(input: { firstName: "A", lastName: "B", fkId: "loss-y" }) { externalUser { id } } }',
    ),
  ).createExternalUser.externalUser.id;
  const opened = await here.graphql(
    'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
    {
      input: {
        name: 'Large',
        agentId: 'loss-agent',
        attributes: { a: ' ' },
        participants: [member({ contact: { id: user } }), member({ contact: { id: gone } })],
      },
    },
  );
  const { id: conversationId } = dataOf(opened).createConversation.conversation;
  for (const id of ids)
    await here.graphql(
      'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created } }',
      { input: { conversationId, participant: { user: { id } }, status: 'INVITED' } },
    );
  await prisma.conversationMember.create({
    data: {
      tenantId: here.id,
      id: crypto.randomUUID(),
      conversationId,
      type: 'BOT',
      participantId: 'a bot',
      displayName: 'Bot',
      avatarUrl: 'https://bot.example/a.png',
    },
  });
  await here.graphql('mutation ($id: ID!) { deleteExternalUser(input: { externalUserId: $id }) { deletedId } }', {
    id: gone,
  });
  await prisma.conversation.update({
    where: { tenantId_id: { tenantId: here.id, id: conversationId } },
    data: { closedAt: new Date('2022-02-02T02:02:02.020Z') },
  });

  for (const format of ['CSV', 'NDJSON'] as const) {
    const there = await service.createTenant();
    await createAgent(there, 'loss-agent');
    await prisma.integrationConfig.create({
      data: { tenantId: there.id, id: config, provider: 'slack', name: 'Slack' },
    });
    for (const kind of ['EXTERNAL_USERS', 'PARTICIPANTS', 'CONVERSATIONS']) {
      const file = await exported(kind, format, here);
      const job = await imported(file, { kind, format }, there);
      expect(await rejectedOf(job)).toEqual([]);
      expect(await exported(kind, format, there)).toBe(file);
      expect(await imported(file, { kind, format, onConflict: 'UPDATE' }, there)).toMatchObject({
        created: 0,
        updated: 0,
        rejected: 0,
      });
    }
  }
});
