import type { Database } from '../../src/database/database.ts';
import { newId } from '../../src/database/ids.ts';
import type { TestApp, TestTenant } from '../app.ts';
import { createAccessKey, createAgent, createConfig, createParticipant } from '../factories.ts';
import { prepared } from '../prepared.ts';
import { generate } from '../webhooks/webhooks.ts';

/** A tenant with one of everything. */
export type World = {
  tenant: TestTenant;
  /** In every name of the tenant's, and nowhere else. */
  mark: string;
  agent: string;
  config: string;
  participant: string;
  address: string;
  binding: string;
  channel: string;
  conversation: string;
  externalUser: string;
  /** One of the user's. */
  identifier: string;
  /** A merge into the user, and the id that was merged away. */
  merge: string;
  mergedUser: string;
  /** A duplicate candidate: the user, and the one that was merged away. */
  candidate: string;
  /** The id of a participant that was merged away, into the participant. */
  mergedParticipant: string;
  email: string;
  phoneNumber: string;
  fkId: string;
  member: string;
  contactMember: string;
  key: string;
  /** Of the config. */
  webhookKey: string;
  unknownSender: string;
  batch: string;
  failedSync: string;
  file: string;
};

/** Makes a tenant with one of everything; what has no field to make it yet is written by the models. */
export async function createWorld(service: TestApp, mark: string, phoneNumber: string): Promise<World> {
  const tenant = await service.createTenant();
  const { prisma } = service.app.database;
  const tenantId = tenant.id;
  const agent = await createAgent(tenant, `agent-of-${mark}`);
  const config = await createConfig(tenant, 'slack', 'xoxb-good');
  const address = `U${mark.toUpperCase()}`;
  const email = `${mark}@example.com`;
  const participant = await createParticipant(tenant, {
    displayName: `Person of ${mark}`,
    email,
    agentIds: [agent],
    channels: [{ integrationConfigId: config, address, label: `label of ${mark}` }],
  });
  const [conversation, externalUser, member, contactMember] = [newId(), newId(), newId(), newId()] as const;
  const fkId = `fk-of-${mark}`;
  await prisma.conversation.create({
    data: { tenantId, id: conversation, name: `Conversation of ${mark}`, agentId: agent },
  });
  await prisma.externalUser.create({ data: { tenantId, id: externalUser, firstName: mark, email, phoneNumber, fkId } });
  const { id: identifier } = await prisma.externalUserIdentifier.findFirstOrThrow({ where: { tenantId } });
  const [merge, mergedUser, mergedParticipant] = [newId(), newId(), newId()] as const;
  const record = {
    displayName: mark,
    filled: [],
    conflicts: [{ field: 'lastName', kept: mark, dropped: mark }],
    from: [{ row: { id: mergedUser }, displayName: mark, identifiers: [], moved: [], dropped: [], led: [] }],
  };
  await prisma.merge.create({
    data: { tenantId, id: merge, intoId: externalUser, actorKind: 'USER', actorId: mark, record },
  });
  await prisma.mergedId.create({ data: { tenantId, id: mergedUser, intoId: externalUser, mergeId: merge } });
  const candidate = newId();
  await prisma.duplicateCandidate.create({
    data: {
      tenantId,
      id: candidate,
      kind: 'EXTERNAL_USER',
      memberIds: [externalUser, mergedUser].sort(),
      membersDigest: newId(),
      viaIds: [participant],
      reasons: ['SAME_NAME_AND_DOMAIN'],
      confidence: 50,
      members: { create: [{ subjectId: externalUser }, { subjectId: mergedUser }] },
    },
  });
  await prisma.mergedId.create({
    data: { tenantId, kind: 'PARTICIPANT', id: mergedParticipant, intoId: participant, mergeId: merge },
  });
  await prisma.conversationMember.createMany({
    data: [
      {
        tenantId,
        id: member,
        conversationId: conversation,
        type: 'USER',
        participantId: participant,
        userId: participant,
      },
      {
        tenantId,
        id: contactMember,
        conversationId: conversation,
        type: 'CONTACT',
        participantId: externalUser,
        contactId: externalUser,
        contactKey: 'emailaddress',
      },
    ],
  });
  const { id: binding } = await prisma.binding.findFirstOrThrow({ where: { tenantId } });
  const { id: channel } = await prisma.channel.findFirstOrThrow({ where: { tenantId } });
  const [batch, failedSync, file] = [newId(), newId(), newId()] as const;
  await prisma.file.create({ data: { tenantId, id: file, path: file, contentHash: file } });
  const over = { errorCode: 'AVATAR_NOT_AVAILABLE', finishedAt: new Date() };
  await prisma.avatarSyncBatch.create({ data: { tenantId, id: batch, agentId: agent } });
  await prisma.avatarSyncBatchItem.create({
    data: { tenantId, batchId: batch, participantId: participant, result: 'FAILED', ...over },
  });
  const failure = {
    state: 'FAILED',
    generation: 0,
    attempts: 1,
    errorStatus: 400,
    errorDetail: `No picture of ${mark}`,
    ...over,
  } as const;
  await prisma.avatarSyncJob.upsert({
    where: { tenantId_participantId: { tenantId, participantId: participant } },
    create: {
      tenantId,
      id: failedSync,
      participantId: participant,
      integrationConfigId: config,
      address,
      kind: 'AUTOMATIC',
      ...failure,
    },
    update: { id: failedSync, ...failure },
  });
  const key = (await createAccessKey(tenant, ['ADMIN'])).id;
  const webhook = await generate(tenant, { integrationConfigId: config, agentId: agent });
  const unknownSender = newId();
  const now = new Date();
  const heard = { messageCount: 1, firstMessageAt: now, lastMessageAt: now };
  await prisma.unknownSender.create({
    data: {
      tenantId,
      id: unknownSender,
      integrationConfigId: config,
      address: `${address}0STRANGER`,
      agentId: agent,
      ...heard,
    },
  });
  return {
    tenant,
    mark,
    agent,
    config,
    participant,
    address,
    binding,
    channel,
    conversation,
    externalUser,
    identifier,
    merge,
    mergedUser,
    mergedParticipant,
    candidate,
    email,
    phoneNumber,
    fkId,
    member,
    contactMember,
    key,
    webhookKey: webhook.activation['webhookKeyId'] as string,
    unknownSender,
    batch,
    failedSync,
    file,
  };
}

/** Everything that is stored for a tenant, by table. */
export async function rowsOf({ connection }: Database, tenantId: string): Promise<Record<string, unknown[]>> {
  const tables = (await connection.query(
    prepared(`select c.table_name as name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
     where c.column_name = 'tenant_id' and c.table_schema = 'public' and t.table_type = 'BASE TABLE' order by 1`),
    [],
  )) as { name: string }[];
  const rows: Record<string, unknown[]> = {};
  for (const { name } of tables) {
    rows[name] = await connection.query(
      prepared(`select to_jsonb(t)::text as row from "${name}" t where t.tenant_id = $1::uuid order by 1`),
      [tenantId],
    );
  }
  return rows;
}

/** The same without what the search for duplicates keeps: it follows in the background what was written before. */
export async function writtenRowsOf(database: Database, tenantId: string): Promise<Record<string, unknown[]>> {
  const all = await rowsOf(database, tenantId);
  return Object.fromEntries(Object.entries(all).filter(([table]) => !table.startsWith('duplicate_')));
}
