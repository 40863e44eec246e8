import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dataOf, problemOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { rowsOf } from '../tenants/world.ts';

let service: TestApp;
let tenant: TestTenant;
let agents: string[];
let config: string;
let id: string;
beforeAll(async () => {
  service = await startApp();
});
beforeEach(async () => {
  tenant = await service.createTenant();
  agents = [await createAgent(tenant, 'a'), await createAgent(tenant, 'b'), await createAgent(tenant, 'c')];
  config = await createConfig(tenant);
  id = await createParticipant(tenant, {
    displayName: 'Ada',
    email: 'Ada@Example.com',
    agentIds: ['b', 'a'],
    channels: [
      { integrationConfigId: config, address: 'U0ONE', priority: 1, label: 'one' },
      { integrationConfigId: config, address: 'U0TWO', priority: 2 },
    ],
  });
});
afterAll(() => service.close());

const shown =
  'id kind displayName email relatedAgentId relatedAgent { id } agentIds disabledAt createdAt modifiedAt channels { id integrationConfigId address priority label disabled }';
const update = (input: object) =>
  tenant.graphql(
    `mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { ${shown} } } }`,
    {
      input: { participantId: id, ...input },
    },
  );
const updated = async (input: object) => dataOf(await update(input)).updateParticipant.participant;
const create = (input: object) =>
  tenant.graphql(
    `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { ${shown} } } }`,
    {
      input: { kind: 'PERSON', displayName: 'Bo', ...input },
    },
  );
const created = async (input: object) => dataOf(await create(input)).createParticipant.participant;
const read = async () =>
  dataOf(await tenant.graphql(`query ($id: ID!) { participant(id: $id) { ${shown} } }`, { id })).participant;
const call = (name: string, of = id) =>
  tenant.graphql(`mutation ($id: ID!) { ${name}(input: { participantId: $id }) { participant { ${shown} } } }`, {
    id: of,
  });
const remove = (of = id) =>
  tenant.graphql('mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }', { id: of });

/** The problem of an answer, after which the tenant must have what it had before. */
async function refusal(act: () => ReturnType<typeof update>) {
  const before = await rowsOf(service.app.database, tenant.id);
  const problem = problemOf(await act());
  expect(await rowsOf(service.app.database, tenant.id)).toEqual(before);
  return problem;
}

describe('updateParticipant', () => {
  test('changes what is given and nothing else', async () => {
    const before = await read();
    expect(await updated({ displayName: '  Ada Lovelace ' })).toEqual({
      ...before,
      displayName: 'Ada Lovelace',
      modifiedAt: expect.any(String),
    });
  });

  test('changes nothing when nothing is given, not even the time', async () => {
    const before = await read();
    expect(await updated({})).toEqual(before);
  });

  test('clears the e-mail address for null', async () => {
    expect((await updated({ email: null })).email).toBeNull();
    expect((await updated({ email: 'ADA@example.com' })).email).toBe('ADA@example.com');
    expect((await updated({ displayName: 'A' })).email).toBe('ADA@example.com');
  });

  test.each(['displayName', 'relatedAgentId', 'channels', 'agentIds'])(
    'refuses null for %s, which cannot be cleared',
    async (field) => {
      expect(await refusal(() => update({ [field]: null }))).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    },
  );

  test('replaces the channels; those that stay keep their ids', async () => {
    const [one] = (await read()).channels;
    const { channels } = await updated({
      channels: [
        { integrationConfigId: config, address: 'U0NEW', priority: -1 },
        { integrationConfigId: config.toUpperCase(), address: 'U0ONE', priority: 5, label: 'first', disabled: true },
      ],
    });
    expect(channels).toMatchObject([
      { address: 'U0NEW', priority: -1, label: null, disabled: false },
      { id: one.id, address: 'U0ONE', priority: 5, label: 'first', disabled: true },
    ]);
  });

  test('leaves channels alone that are the same', async () => {
    const { channels } = await read();
    const same = channels.map(({ integrationConfigId, address, priority, label }: Record<string, unknown>) => ({
      integrationConfigId,
      address,
      priority,
      label,
    }));
    const before = (await rowsOf(service.app.database, tenant.id))['channel'];
    await updated({ channels: same });
    expect((await rowsOf(service.app.database, tenant.id))['channel']).toEqual(before);
  });

  test('clears the channels for []', async () => {
    expect((await updated({ channels: [] })).channels).toEqual([]);
  });

  test('binds to exactly the agents given; bindings that stay are not made anew', async () => {
    const bindings = async () =>
      dataOf(
        await tenant.graphql('query ($id: ID!) { participant(id: $id) { bindings { id agentId createdAt } } }', { id }),
      ).participant.bindings;
    const [, second] = await bindings();
    expect((await updated({ agentIds: ['c', 'b', 'c'] })).agentIds).toEqual(['b', 'c']);
    expect((await bindings())[0]).toEqual(second);
    expect((await updated({ agentIds: [] })).agentIds).toEqual([]);
  });

  test('counts a change of channels or bindings as one of its own', async () => {
    const { modifiedAt } = await read();
    await new Promise((resolve) => setTimeout(resolve, 5));
    const later = (await updated({ agentIds: ['c'] })).modifiedAt;
    expect(Date.parse(later)).toBeGreaterThan(Date.parse(modifiedAt));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(Date.parse((await updated({ channels: [] })).modifiedAt)).toBeGreaterThan(Date.parse(later));
  });

  test('is all or nothing', async () => {
    const bad = [
      [{ agentIds: ['a', 'nobody'] }, 'AGENT_NOT_FOUND', 404],
      [
        { channels: [{ integrationConfigId: '0198f000-0000-7000-8000-000000000000', address: 'x' }] },
        'INTEGRATION_CONFIG_NOT_FOUND',
        404,
      ],
      [{ channels: [{ integrationConfigId: 'x', address: 'x' }] }, 'INTEGRATION_CONFIG_NOT_FOUND', 404],
      [{ relatedAgentId: 'a' }, 'VALIDATION_FAILED', 400],
    ] as const;
    for (const [input, code, status] of bad) {
      expect(await refusal(() => update({ displayName: 'Changed', email: null, ...input }))).toEqual({ code, status });
    }
  });

  test('of somebody who is not there is 404', async () => {
    for (const participantId of ['x', '', '0198f000-0000-7000-8000-000000000000']) {
      expect(await refusal(() => update({ participantId, displayName: 'X' }))).toEqual({
        code: 'PARTICIPANT_NOT_FOUND',
        status: 404,
      });
    }
  });

  test('twice at once ends as one of the two', async () => {
    const channelsOf = (name: string) =>
      Array.from({ length: 5 }, (_, index) => ({ integrationConfigId: config, address: `U0${name}${index}` }));
    const [first, second] = [
      { displayName: 'First', agentIds: ['a'], channels: channelsOf('FIRST') },
      { displayName: 'Second', agentIds: ['b', 'c'], channels: channelsOf('SECOND') },
    ];
    for (const answer of await Promise.all([first, second, first, second].map(update))) dataOf(answer);
    const { displayName, agentIds, channels } = await read();
    const winner = displayName === 'First' ? first : second;
    expect({ displayName, agentIds, channels: channels.map(({ address }: { address: string }) => address) }).toEqual({
      ...winner,
      channels: winner.channels.map(({ address }) => address),
    });
  });
});

describe('channels', () => {
  const addresses = async (channels: object[]) =>
    (
      await created({ channels: channels.map((channel) => ({ integrationConfigId: config, ...channel })) })
    ).channels.map(({ address }: { address: string }) => address);

  test('are in the order of their priority, then of their creation', async () => {
    expect(
      await addresses([
        { address: 'c', priority: 1 },
        { address: 'b' },
        { address: 'a' },
        { address: 'z', priority: -2_147_483_648 },
      ]),
    ).toEqual(['z', 'b', 'a', 'c']);
    const { channels } = await updated({
      channels: ['U0NEW', 'U0TWO', 'U0ONE'].map((address) => ({ integrationConfigId: config, address })),
    });
    // U0ONE and U0TWO were there before.
    expect(channels.map(({ address }: { address: string }) => address)).toEqual(['U0ONE', 'U0TWO', 'U0NEW']);
  });

  test('may not be given twice, however the config’s id is spelled', async () => {
    const twice = [
      { integrationConfigId: config, address: 'x' },
      { integrationConfigId: config.toUpperCase(), address: 'x' },
    ];
    const answer = await create({ channels: twice });
    expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(answer.errors?.[0]?.extensions.errors).toEqual([
      { path: ['input', 'channels', 1, 'address'], message: 'must not be given twice' },
    ]);
  });

  test('of the same address may go through two configs, and be had by two participants', async () => {
    const other = await createConfig(tenant);
    const channels = [config, other].map((integrationConfigId) => ({ integrationConfigId, address: 'U0ONE' }));
    expect((await created({ channels })).channels).toHaveLength(2);
  });

  test('are at most 100', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ integrationConfigId: config, address: `${index}` }));
    expect((await created({ channels: many(100) })).channels).toHaveLength(100);
    expect(problemOf(await create({ channels: many(101) }))).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
  });
});

describe('an AI_AGENT', () => {
  test('must name the agent that it is, the others must not', async () => {
    expect((await created({ kind: 'AI_AGENT', relatedAgentId: 'a' })).relatedAgent).toEqual({ id: 'a' });
    expect(await refusal(() => create({ kind: 'AI_AGENT' }))).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(await refusal(() => create({ kind: 'AI_AGENT', relatedAgentId: null }))).toEqual({
      code: 'VALIDATION_FAILED',
      status: 400,
    });
    expect(await refusal(() => create({ kind: 'AI_AGENT', relatedAgentId: 'nobody' }))).toEqual({
      code: 'AGENT_NOT_FOUND',
      status: 404,
    });
    for (const kind of ['PERSON', 'GROUP']) {
      expect(await refusal(() => create({ kind, relatedAgentId: 'a' }))).toEqual({
        code: 'VALIDATION_FAILED',
        status: 400,
      });
    }
  });

  test('may become another agent', async () => {
    id = (await created({ kind: 'AI_AGENT', relatedAgentId: 'a' })).id;
    expect((await updated({ relatedAgentId: 'b' })).relatedAgentId).toBe('b');
    expect(await refusal(() => update({ relatedAgentId: 'nobody' }))).toEqual({ code: 'AGENT_NOT_FOUND', status: 404 });
  });
});

describe('disableParticipant and enableParticipant', () => {
  test('again change nothing, and keep the first time', async () => {
    const first = dataOf(await call('disableParticipant')).disableParticipant.participant;
    expect(first.disabledAt).not.toBeNull();
    expect(dataOf(await call('disableParticipant')).disableParticipant.participant).toEqual(first);
    const enabled = dataOf(await call('enableParticipant')).enableParticipant.participant;
    expect(enabled.disabledAt).toBeNull();
    expect(dataOf(await call('enableParticipant')).enableParticipant.participant).toEqual(enabled);
  });

  test('of somebody who is not there are 404', async () => {
    for (const name of ['disableParticipant', 'enableParticipant']) {
      expect(await refusal(() => call(name, 'x'))).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    }
  });
});

describe('deleteParticipant', () => {
  test('takes channels and bindings with it, and nothing else', async () => {
    const other = await created({ agentIds: ['a'] });
    expect(dataOf(await remove()).deleteParticipant.deletedId).toBe(id);
    const rows = await rowsOf(service.app.database, tenant.id);
    expect(rows['participant']).toHaveLength(1);
    expect(rows['channel']).toHaveLength(0);
    expect(rows['binding']).toHaveLength(1);
    expect(rows['agent']).toHaveLength(agents.length);
    expect(rows['integration_config']).toHaveLength(1);
    expect(JSON.stringify(rows['participant'])).toContain(other.id);
  });

  test('again is 404', async () => {
    await remove();
    expect(problemOf(await remove())).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    expect(problemOf(await remove('x'))).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    expect(await read()).toBeNull();
  });
});
