import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asUuid, newId } from '../../src/database/ids.ts';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';

let service: TestApp;
let tenant: TestTenant;
let config: string;
beforeAll(async () => {
  service = await startApp();
  tenant = service.tenant;
  config = await createConfig(tenant, 'slack', 'xoxb-good');
});
afterAll(() => service.close());

const fields =
  'id integrationConfigId address priority label disabled modifiedAt lastMessageAt messageCount avatarSyncable';
const mutation = (name: string, shown: string) => (input: Record<string, unknown>) => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return tenant.graphql(`mutation ($input: ${type}!) { result: ${name}(input: $input) { ${shown} } }`, { input });
};
const participant = 'participant { id modifiedAt avatarFileId channels { id address } }';
const add = mutation('addParticipantChannel', `channel { ${fields} } ${participant}`);
const update = mutation('updateChannel', `channel { ${fields} } ${participant}`);
const remove = mutation('removeChannel', `removedId ${participant}`);
const addressesOf = ({ channels }: { channels: { address: string }[] }) => channels.map(({ address }) => address);
const added = async (participantId: string, address: string) =>
  dataOf(await add({ participantId, integrationConfigId: config, address })).result.channel;

describe('addParticipantChannel', () => {
  test('keeps the channels that many add at once', async () => {
    const participantId = await createParticipant(tenant);
    const names = Array.from({ length: 12 }, (_, index) => `U0ADA${index}`);
    await Promise.all(names.map((address) => added(participantId, address)));
    const { channels } = dataOf(
      await tenant.graphql('query ($id: ID!) { participant(id: $id) { channels { address } } }', { id: participantId }),
    ).participant;
    expect(addressesOf({ channels }).sort()).toEqual([...names].sort());
  });

  test('answers the channel and the participant, and a repeat is a conflict', async () => {
    const participantId = await createParticipant(tenant);
    const input = {
      participantId,
      integrationConfigId: config.toUpperCase(),
      address: 'U0ADA',
      priority: 3,
      label: ' Work ',
    };
    const { channel, participant } = dataOf(await add(input)).result;
    expect(channel).toMatchObject({
      integrationConfigId: config,
      address: 'U0ADA',
      priority: 3,
      label: 'Work',
      disabled: false,
      messageCount: 0,
      avatarSyncable: true,
    });
    expect(participant.channels).toEqual([{ id: channel.id, address: 'U0ADA' }]);
    const again = await add(input);
    expect(problemOf(again)).toEqual({ code: 'CONFLICT', status: 409 });
    expect(again.errors?.[0]?.extensions.errors?.[0]?.path).toEqual(['input', 'address']);
  });

  test('takes over what was counted of an unknown sender', async () => {
    const participantId = await createParticipant(tenant);
    const lastMessageAt = new Date('2026-01-01T00:00:00Z');
    await service.app.database.prisma.unknownSender.create({
      data: {
        tenantId: tenant.id,
        id: newId(),
        integrationConfigId: config,
        address: 'U0SENDER',
        messageCount: 4,
        firstMessageAt: lastMessageAt,
        lastMessageAt,
      },
    });
    const { channel } = dataOf(await add({ participantId, integrationConfigId: config, address: 'U0SENDER' })).result;
    expect(channel).toMatchObject({ messageCount: 4, lastMessageAt: lastMessageAt.toISOString() });
  });

  test('refuses what cannot be, and says where', async () => {
    const participantId = await createParticipant(tenant, {
      channels: Array.from({ length: 100 }, (_, index) => ({ integrationConfigId: config, address: `U${index}` })),
    });
    const code = async (input: Record<string, unknown>) =>
      problemOf(await add({ participantId, integrationConfigId: config, address: 'U0NEW', ...input })).code;
    expect(await code({})).toBe('VALIDATION_FAILED');
    expect(await code({ address: '' })).toBe('VALIDATION_FAILED');
    expect(await code({ participantId: newId() })).toBe('PARTICIPANT_NOT_FOUND');
    expect(await code({ participantId: 'none' })).toBe('PARTICIPANT_NOT_FOUND');
    for (const integrationConfigId of [newId(), 'none'])
      expect(await code({ integrationConfigId })).toBe('INTEGRATION_CONFIG_NOT_FOUND');
    const listed = await tenant.graphql(
      'mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { id } } }',
      {
        input: {
          participantId,
          channels: [
            { integrationConfigId: config, address: 'A' },
            { integrationConfigId: newId(), address: 'B' },
            { integrationConfigId: 'none', address: 'C' },
          ],
        },
      },
    );
    expect(listed.errors?.[0]?.message).toContain('Channel B');
    expect(listed.errors?.[0]?.extensions.errors?.map(({ path }) => path)).toEqual([
      ['input', 'channels', 1, 'integrationConfigId'],
      ['input', 'channels', 2, 'integrationConfigId'],
    ]);
  });
});

describe('updateChannel', () => {
  test('changes what is given, keeps the id, and what changes nothing is no change', async () => {
    const participantId = await createParticipant(tenant);
    const { id: channelId } = await added(participantId, 'U0ADA');
    const { channel, participant } = dataOf(
      await update({ channelId, priority: 2, label: 'L', disabled: true }),
    ).result;
    expect(channel).toMatchObject({ id: channelId, address: 'U0ADA', priority: 2, label: 'L', disabled: true });
    const same = dataOf(await update({ channelId, priority: 2, address: 'U0ADA' })).result;
    expect(same).toEqual({ channel, participant });
    expect(dataOf(await update({ channelId, label: null })).result.channel.label).toBeNull();
    for (const field of ['priority', 'disabled', 'address'])
      expect(problemOf(await update({ channelId, [field]: null })).code).toBe('VALIDATION_FAILED');
  });

  test('with another address begins anew, and loses the avatar of the old one', async () => {
    const participantId = await createParticipant(tenant);
    const { id: channelId } = await added(participantId, 'U0OLD');
    await added(participantId, 'U0OTHER');
    const { prisma } = service.app.database;
    const fileId = newId();
    await prisma.file.create({ data: { tenantId: tenant.id, id: fileId, path: fileId } });
    await prisma.channel.updateMany({
      where: { id: channelId },
      data: { messageCount: 9, lastMessageAt: new Date() },
    });
    await prisma.participant.updateMany({
      where: { id: participantId },
      data: {
        avatarFileId: fileId,
        avatarSource: 'CHANNEL',
        avatarSourceConfigId: config,
        avatarSourceAddress: 'U0OLD',
        avatarSyncedAt: new Date(),
      },
    });
    expect(problemOf(await update({ channelId, address: 'U0OTHER' })).code).toBe('CONFLICT');
    const { channel, participant } = dataOf(await update({ channelId, address: 'U0NEW' })).result;
    expect(channel).toMatchObject({ id: channelId, address: 'U0NEW', messageCount: 0, lastMessageAt: null });
    expect(participant.avatarFileId).toBeNull();
  });

  test('with ifModifiedAt lets one of many at once win; messages do not count', async () => {
    const { id: channelId, modifiedAt: ifModifiedAt } = await added(await createParticipant(tenant), 'U0ADA');
    await service.app.database.prisma.channel.updateMany({ where: { id: channelId }, data: { messageCount: 1 } });
    const answers = await Promise.all([1, 2, 3, 4].map((priority) => update({ channelId, priority, ifModifiedAt })));
    expect(answers.filter(({ errors }) => !errors)).toHaveLength(1);
    for (const answer of answers.filter(({ errors }) => errors)) expect(problemOf(answer).code).toBe('CONFLICT');
    expect(problemOf(await remove({ channelId, ifModifiedAt })).code).toBe('CONFLICT');
  });
});

test('removeChannel takes one, once', async () => {
  const participantId = await createParticipant(tenant);
  const { id: channelId } = await added(participantId, 'U0GONE');
  await added(participantId, 'U0STAYS');
  const { removedId, participant } = dataOf(await remove({ channelId })).result;
  expect(removedId).toBe(channelId);
  expect(addressesOf(participant)).toEqual(['U0STAYS']);
  for (const id of [channelId, newId(), 'none'])
    expect(problemOf(await remove({ channelId: id }))).toEqual({ code: 'CHANNEL_NOT_FOUND', status: 404 });
});

test.each([
  ['updateParticipant', 'participantId', 'displayName', 'participant'],
  ['updateExternalUser', 'id', 'firstName', 'user'],
])('%s compares ifModifiedAt', async (name, key, field, payload) => {
  const id =
    payload === 'participant'
      ? await createParticipant(tenant)
      : dataOf(
          await tenant.graphql(
            'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { user { id } } }',
            { input: { firstName: 'A', lastName: 'B', fkId: newId() } },
          ),
        ).createExternalUser.user.id;
  const change = mutation(name, `${payload} { modifiedAt ${field} }`);
  const first = dataOf(await change({ [key]: id, [field]: 'One' })).result[payload];
  const answers = await Promise.all(
    ['Two', 'Three'].map((value) => change({ [key]: id, [field]: value, ifModifiedAt: first.modifiedAt })),
  );
  expect(answers.map(({ errors }) => errors?.[0]?.extensions.code ?? 'won').sort()).toEqual(['CONFLICT', 'won']);
});

test('flat health says what health says, in the same statements, and has ids of its own that stay', async () => {
  const agentId = await createAgent(tenant);
  await createParticipant(tenant, { agentIds: [agentId], channels: [{ integrationConfigId: config, address: 'bad' }] });
  await createParticipant(tenant, {
    agentIds: [agentId],
    channels: [{ integrationConfigId: config, address: 'U0GOOD' }],
  });
  const answer = await tenant.graphql(
    `query ($id: ID!) { agent(id: $id) { participantsConnection(last: 5) { totalCount nodes { id reachable unreachableReason
      health { id reachable reason channels { id reachable reason } }
      channels { id reachable unreachableReason keyStatus keyPrefix avatarSyncable } } } } }`,
    { id: agentId },
  );
  const { totalCount, nodes } = dataOf(answer).agent.participantsConnection;
  expect(totalCount).toBe(2);
  const every: string[] = [];
  for (const { id, reachable, unreachableReason: reason, health, channels } of nodes) {
    every.push(id, health.id, ...channels.map((channel: { id: string }) => channel.id));
    every.push(...health.channels.map((channel: { id: string }) => channel.id));
    expect(health).toMatchObject({ reachable, reason });
    expect(channels).toMatchObject(
      health.channels.map((channel: { reachable: boolean; reason: string | null }) => ({
        reachable: channel.reachable,
        unreachableReason: channel.reason,
        keyStatus: 'NONE',
        keyPrefix: null,
        avatarSyncable: channel.reachable,
      })),
    );
  }
  expect([every.length, new Set(every).size]).toEqual([8, 8]);
  expect(every.map(asUuid)).toEqual(every);
  expect(nodes.map(({ unreachableReason }: { unreachableReason: string | null }) => unreachableReason)).toEqual([
    'INVALID_FORMAT',
    null,
  ]);
  // The agent, the page, its count, and the channels' facts.
  expect(answer.statements).toHaveLength(4);
});
