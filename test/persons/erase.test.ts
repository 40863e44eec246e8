import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { monitorRedis, noRedis, startRedis } from '../faults/redis-server.ts';
import { rowsOf } from '../tenants/world.ts';
import { upload } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-erased-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
// Alone, so that no worker of another file takes its export. What goes to Redis, and to the log, from the start of the
// service on. Some machines have no Redis.
const redis = noRedis === null ? await startRedis() : null;
const redisUrl = redis && `redis://127.0.0.1:${redis.port}`;
const watched = redis && (await monitorRedis(redis.port));
const logged: string[] = [];
const service = useAppAlone(
  { STORAGE_URL: `file:${folder}`, LOG_LEVEL: 'debug', RATE_LIMIT: '100000', ...(redisUrl && { REDIS_URL: redisUrl }) },
  undefined,
  { logTo: { write: (line) => void logged.push(line) } },
);
afterAll(async () => {
  watched?.stop();
  await redis?.stop();
});

/** The files in the storage. */
const filesLeft = () =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );

const mark = 'xq7mark';
const email = `${mark}@example.com`;
const phoneNumber = '+14155550133';

const send = async (name: string, type: string, input: object): Promise<Untyped> =>
  dataOf(
    await service.tenant.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`, { input }),
  );

const erase = (input: object) =>
  service.tenant.graphql(
    'mutation ($input: ErasePersonInput!) { erasePerson(input: $input) { erased { id digest blocked externalUsers participants memberships historyEntries files erasedBy } } }',
    { input },
  );

/** Puts marks of one person into every table and free text that can hold something of theirs. */
async function leaveMarks() {
  const { tenant, app } = service;
  const { prisma } = app.database;
  const tenantId = tenant.id;
  const agent = await createAgent(tenant);
  const config = await createConfig(tenant, 'sms');
  const slack = await createConfig(tenant, 'slack');
  const participant = await createParticipant(tenant, {
    displayName: `Person ${mark}`,
    email,
    agentIds: [agent],
    channels: [
      { integrationConfigId: config, address: phoneNumber, label: `label ${mark}` },
      { integrationConfigId: slack, address: 'UXQ7MARK' },
    ],
  });
  await send('updateParticipant', 'UpdateParticipantInput', {
    participantId: participant,
    displayName: `Second ${mark}`,
  });
  dataOf(await upload(service, tenant, participant, await png()));
  const { createExternalUser } = dataOf(
    await tenant.graphql(
      'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
      {
        input: {
          firstName: mark,
          lastName: `Last ${mark}`,
          email,
          phoneNumber,
          fkId: `fk-${mark}`,
          fkUserId: `fku-${mark}`,
          context: `context ${mark}`,
          source: `source ${mark}`,
          metadata: { of: mark },
          idempotencyKey: crypto.randomUUID(),
        },
      },
    ),
  );
  const user = createExternalUser.externalUser.id;
  const { createExternalUser: other } = dataOf(
    await tenant.graphql(
      'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
      { input: { firstName: 'Twin', lastName: mark, email: `twin-${email}` } },
    ),
  );
  await send('mergeExternalUsers', 'MergeExternalUsersInput', { intoId: user, fromIds: [other.externalUser.id] });
  const { createConversation } = dataOf(
    await tenant.graphql(
      'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
      {
        input: {
          participants: [{ participant: { user: { id: participant } } }, { participant: { contact: { id: user } } }],
        },
      },
    ),
  );
  const conversation = createConversation.conversation.id;
  await prisma.conversationMember.updateMany({
    where: { tenantId, conversationId: conversation },
    data: { displayName: `member ${mark}`, avatarUrl: `https://example.com/${mark}.png` },
  });
  const now = new Date();
  await prisma.avatarSyncJob.create({
    data: {
      tenantId,
      id: newId(),
      participantId: participant,
      integrationConfigId: slack,
      address: 'UXQ7MARK',
      kind: 'AUTOMATIC',
      state: 'FAILED',
      errorCode: 'AVATAR_NOT_AVAILABLE',
      errorStatus: 400,
      errorDetail: `No picture of ${mark}`,
      finishedAt: now,
    },
  });
  const batch = newId();
  await prisma.avatarSyncBatch.create({ data: { tenantId, id: batch, agentId: agent } });
  await prisma.avatarSyncBatchItem.create({ data: { tenantId, batchId: batch, participantId: participant } });
  await prisma.avatarAutoSync.create({
    data: { tenantId, participantId: participant, provider: 'slack', address: 'UXQ7MARK', attemptedAt: now },
  });
  const unknown = { tenantId, messageCount: 1, firstMessageAt: now, lastMessageAt: now, displayName: `sender ${mark}` };
  await prisma.unknownSender.createMany({
    data: [
      { ...unknown, id: newId(), integrationConfigId: slack, address: 'UXQ7MARK', note: `note ${mark}` },
      { ...unknown, id: newId(), integrationConfigId: config, address: phoneNumber, identityKey: phoneNumber },
    ],
  });
  // Refused and undone, too.
  const again = { firstName: mark, lastName: mark, email };
  const refused = await tenant.graphql(
    'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
    { input: again },
  );
  expect(problemOf(refused).code).toBe('USER_ALREADY_EXISTS');
  const { externalUser: third } = dataOf(
    await tenant.graphql(
      'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
      { input: { firstName: 'Third', lastName: mark, fkId: `third-${mark}`, source: `third ${mark}` } },
    ),
  ).createExternalUser;
  const { merge } = dataOf(
    await tenant.graphql(
      'mutation ($into: ID!, $from: ID!) { mergeExternalUsers(input: { intoId: $into, fromIds: [$from] }) { merge { id conflicts { dropped } } } }',
      { into: user, from: third.id },
    ),
  ).mergeExternalUsers;
  expect(JSON.stringify(merge.conflicts)).toContain(`third ${mark}`);
  dataOf(
    await tenant.graphql('query ($q: String) { externalUsersConnection(filter: { query: $q }) { nodes { id } } }', {
      q: mark,
    }),
  );
  dataOf(await tenant.graphql(`{ whoIs(by: { email: "${email}" }) { externalUsers { id } } }`));
  const filter = { externalUsers: { query: mark } };
  await send('startExport', 'StartExportInput', { kind: 'EXTERNAL_USERS', format: 'CSV', filter });
  return { participant, user, conversation };
}

/** Tables that hold nothing of a person. */
const nothingOfAPerson = [
  'agent',
  'avatar_sync_batch',
  'avatar_sync_pause',
  'blocked_digest',
  'conversation',
  'conversation_search',
  'credential_key',
  'data_file',
  'data_rejection',
  // Ids and digests, which an erasure deletes too: see test/duplicates.
  'duplicate_candidate',
  'duplicate_key',
  'duplicate_member',
  'duplicate_progress',
  'erasure',
  'integration_config',
  'oauth_state',
  'webhook_delivery',
  'webhook_key',
];

const marksIn = (text: string) => [mark, 'UXQ7MARK', phoneNumber.slice(1)].filter((one) => text.includes(one));
const everything = async () => JSON.stringify(await rowsOf(service.app.database, service.tenant.id));

test('a person’s export holds all of them, and an erasure leaves nothing', async () => {
  const { participant, user, conversation } = await leaveMarks();
  const other = await createParticipant(service.tenant, { displayName: 'Bystander' });

  const { exportPerson } = dataOf(
    await service.tenant.graphql(
      'mutation ($by: IdentityInput!) { exportPerson(input: { by: $by }) { url file { name } } }',
      { by: { email } },
    ),
  );
  const response = await service.app.fetch(new Request(exportPerson.url));
  expect(response.status).toBe(200);
  const exported = await response.text();
  for (const part of [
    participant,
    user,
    conversation,
    `fku-${mark}`,
    `context ${mark}`,
    `note ${mark}`,
    `Person ${mark}`,
  ])
    expect(exported).toContain(part);
  expect(JSON.parse(exported)).toMatchObject({ avatars: [{ contentType: 'image/webp' }], unknownSenders: [{}, {}] });
  expect(exported).not.toContain('Bystander');
  const { avatarFileId } = JSON.parse(exported).participants[0];

  // Each table has something of the person, or is said to hold nothing: one that is added later must be one of these.
  const known = [mark, 'UXQ7MARK', phoneNumber.slice(1), participant, user, avatarFileId, exportPerson.url];
  const held = await rowsOf(service.app.database, service.tenant.id);
  const without = Object.keys(held).filter((table) => !known.some((one) => JSON.stringify(held[table]).includes(one)));
  expect(without).toEqual(nothingOfAPerson);

  expect(filesLeft().length).toBeGreaterThan(1);

  const unconfirmed = await erase({ by: { email }, confirm: false });
  expect(problemOf(unconfirmed).code).toBe('VALIDATION_FAILED');
  expect(marksIn(await everything())).toHaveLength(3);

  const { erasePerson } = dataOf(await erase({ by: { email }, confirm: true, block: true }));
  expect(erasePerson.erased).toMatchObject({ externalUsers: 1, participants: 1, memberships: 2, blocked: true });
  expect(erasePerson.erased.historyEntries).toBeGreaterThan(5);
  expect(erasePerson.erased.files).toBe(2);

  expect(filesLeft()).toEqual([]);
  const rowsLeft = Object.entries(await rowsOf(service.app.database, service.tenant.id));
  expect(rowsLeft.filter(([, rows]) => marksIn(JSON.stringify(rows)).length > 0)).toEqual([]);
  const left = JSON.stringify(rowsLeft);
  expect([participant, user, avatarFileId].filter((id) => left.includes(id))).toEqual([]);
  expect(left).toContain(other);
  expect((await service.app.fetch(new Request(exportPerson.url))).status).toBe(404);
  // Never, not only afterwards: what a log or a Redis has had, somebody may have kept.
  service.app.log.debug('the log is watched');
  expect(logged.join('')).toContain('the log is watched');
  expect(marksIn(logged.join(''))).toEqual([]);
  if (watched) {
    expect(watched.lines().filter((line) => line.includes('"publish"')).length).toBeGreaterThan(5);
    expect(marksIn(watched.lines().join('\n'))).toEqual([]);
  }

  const again = dataOf(await erase({ by: { email }, confirm: true }));
  expect(again.erasePerson.erased).toMatchObject({
    externalUsers: 0,
    participants: 0,
    memberships: 0,
    historyEntries: 0,
  });
  expect(again.erasePerson.erased.digest).toBe(erasePerson.erased.digest);
});

test('only administrators export and erase', async () => {
  const { tenant } = service;
  const headers = { authorization: `Bearer ${await tenant.token(['participants:write', 'users:write'])}` };
  for (const field of [
    'exportPerson(input: { by: { fkId: "x" } })',
    'erasePerson(input: { by: { fkId: "x" }, confirm: true })',
  ]) {
    const answer = await tenant.graphql(`mutation { ${field} { __typename } }`, {}, headers);
    expect(problemOf(answer)).toEqual({ code: 'FORBIDDEN', status: 403 });
  }
});
