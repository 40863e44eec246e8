import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { unreachableReasons } from '../../src/directory/participants/health.ts';
import { dataOf, type TestTenant } from '../app.ts';
import { createAgent } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { writeKey } from './webhook-keys.ts';

const service = useApp();

const agents = ['support', 'sales'] as const;
/** What of a config: its provider, whether it is connected, and its own keys. */
const config = fc.record({
  provider: fc.constantFrom('slack', 'discord', 'sms', 'pigeon'),
  connected: fc.boolean(),
  working: fc.boolean(),
  revoked: fc.nat({ max: 2 }),
});
const channel = fc.record({ config: fc.nat({ max: 3 }), disabled: fc.boolean(), valid: fc.boolean() });
const usually = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const person = fc.record({
  name: fc.constantFrom('Ada', 'Bo', 'Cy'),
  disabled: usually,
  agents: fc.uniqueArray(fc.constantFrom(...agents)),
  channels: fc.array(
    fc.oneof(
      { weight: 3, arbitrary: channel.map((one) => ({ ...one, disabled: false, valid: true })) },
      { weight: 2, arbitrary: channel },
    ),
    { maxLength: 3 },
  ),
  /** Keys of the first binding, by config: working or not. */
  keys: fc.array(fc.record({ config: fc.nat({ max: 3 }), working: fc.boolean() }), { maxLength: 2 }),
});
const world = fc.record({
  configs: fc.array(config, { minLength: 4, maxLength: 4 }),
  people: fc.array(person, { minLength: 6, maxLength: 16 }),
});
type Of<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;

async function create({ configs, people }: Of<typeof world>): Promise<TestTenant> {
  const tenant = await service.createTenant();
  const { prisma } = service.app.database;
  const tenantId = tenant.id;
  for (const agent of agents) await createAgent(tenant, agent);
  const made = configs.map((each) => ({ ...each, id: newId() }));
  await prisma.integrationConfig.createMany({
    data: made.map(({ id, provider, connected }) => ({
      tenantId,
      id,
      provider,
      name: provider,
      ...(connected && { tokenCiphertext: 'x', connectedAt: new Date() }),
    })),
  });
  for (const { id, working, revoked } of made) {
    for (let count = 0; count < revoked; count++) await writeKey(service, tenantId, id, { revokedAt: new Date(count) });
    if (working) await writeKey(service, tenantId, id);
  }
  for (const { name, disabled, agents, channels, keys } of people) {
    const id = newId();
    await prisma.participant.create({
      data: { tenantId, id, kind: 'PERSON', displayName: name, disabledAt: disabled ? new Date() : null },
    });
    await prisma.channel.createMany({
      data: channels.map(({ config, disabled, valid }, place) => ({
        tenantId,
        id: newId(),
        participantId: id,
        integrationConfigId: made[config]!.id,
        provider: made[config]!.provider,
        address: `${place}`,
        addressValid: valid,
        disabled,
      })),
    });
    const bindings = agents.map((agentId) => ({ tenantId, id: newId(), participantId: id, agentId }));
    await prisma.binding.createMany({ data: bindings });
    const working = new Set<number>();
    for (const key of bindings[0] ? keys : []) {
      // At most one may work.
      const revokedAt = key.working && !working.has(key.config) ? null : new Date();
      if (!revokedAt) working.add(key.config);
      await writeKey(service, tenantId, made[key.config]!.id, { bindingId: bindings[0]!.id, revokedAt });
    }
  }
  return tenant;
}

/** Where only the bindings' own keys speak, for and against. */
const ofBindings: Of<typeof world> = (() => {
  const bare = { provider: 'sms', connected: false, working: false, revoked: 0 };
  const ada = {
    name: 'Ada',
    disabled: false,
    agents: ['support'],
    channels: [{ config: 0, disabled: false, valid: true }],
  };
  return {
    configs: [bare, { ...bare, revoked: 1 }, bare, bare],
    people: [
      { ...ada, keys: [{ config: 0, working: false }] },
      {
        ...ada,
        keys: [
          { config: 0, working: false },
          { config: 0, working: true },
        ],
      },
      { ...ada, keys: [{ config: 1, working: false }] },
      { ...ada, channels: [{ config: 1, disabled: false, valid: true }], keys: [{ config: 1, working: true }] },
      { ...ada, channels: [{ config: 1, disabled: false, valid: true }], keys: [] },
      { ...ada, keys: [] },
    ],
  } as Of<typeof world>;
})();

/** One participant for each possible state, so that chance leaves none out. */
const ofEveryReason: Of<typeof world> = (() => {
  const { configs, people } = ofBindings;
  const ada = { ...people[0]!, keys: [] };
  const over = (config: number, more: object = {}) => ({
    ...ada,
    channels: [{ config, disabled: false, valid: true, ...more }],
  });
  return {
    configs: [...configs.slice(0, 3), { ...configs[0]!, provider: 'slack' }],
    people: [
      over(0),
      { ...over(0), disabled: true },
      { ...ada, channels: [] },
      over(0, { disabled: true }),
      over(0, { valid: false }),
      over(1),
      over(3),
    ],
  } as Of<typeof world>;
})();

type Listed = { id: string; agentIds: string[]; health: { reachable: boolean; reason: string | null } };
type Filter = { reachable?: boolean; reason?: string; agentId?: string };

const connection = (
  fields: string,
) => `query ($filter: ParticipantFilter, $first: Int, $after: String, $last: Int, $before: String) {
  participantsConnection(filter: $filter, first: $first, after: $after, last: $last, before: $before) { ${fields} } }`;
const ask = async (
  tenant: TestTenant,
  variables: object,
  fields = 'nodes { id } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }',
) => dataOf(await tenant.graphql(connection(fields), variables)).participantsConnection;

/** Every page, from the beginning or from the end, put together. */
async function pages(tenant: TestTenant, filter: Filter, size: number, backward: boolean): Promise<string[]> {
  let ids: string[] = [];
  let cursor: string | null = null;
  for (;;) {
    const { nodes, pageInfo }: { nodes: Listed[]; pageInfo: Record<string, never> } = await ask(tenant, {
      filter,
      ...(backward ? { last: size, before: cursor } : { first: size, after: cursor }),
    });
    const page = nodes.map(({ id }) => id);
    ids = backward ? [...page, ...ids] : [...ids, ...page];
    if (!pageInfo[backward ? 'hasPreviousPage' : 'hasNextPage']) return ids;
    cursor = pageInfo[backward ? 'startCursor' : 'endCursor'] as unknown as string;
  }
}

const filters: Filter[] = [
  { reachable: true },
  { reachable: false },
  ...unreachableReasons.map((reason) => ({ reason })),
  { reachable: false, reason: 'KEY_REVOKED' },
  { reachable: true, reason: 'DISABLED' },
];

describe('the filter by health', () => {
  test('finds exactly those with that health, page by page from either end', async () => {
    const found = new Set<string>();
    await fc.assert(
      fc.asyncProperty(world, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (each, size, backward) => {
        const tenant = await create(each);
        const { nodes }: { nodes: Listed[] } = await ask(
          tenant,
          { first: 100 },
          'nodes { id agentIds health { reachable reason } }',
        );
        expect(nodes).toHaveLength(each.people.length);
        for (const { health } of nodes) found.add(`${health.reachable} ${health.reason}`);
        for (const filter of filters.flatMap((one) => [one, { ...one, agentId: 'support' }])) {
          const expected = nodes
            .filter(
              ({ agentIds, health }) =>
                (filter.reachable === undefined || health.reachable === filter.reachable) &&
                (filter.reason === undefined || health.reason === filter.reason) &&
                (!('agentId' in filter) || agentIds.includes('support')),
            )
            .map(({ id }) => id);
          expect([filter, await pages(tenant, filter, size, backward)]).toEqual([filter, expected]);
          expect((await ask(tenant, { filter }, 'totalCount')).totalCount).toBe(expected.length);
        }
      }),
      {
        numRuns: 12,
        examples: [
          [ofBindings, 2, false],
          [ofEveryReason, 3, true],
        ],
      },
    );
    // Nothing was left out by chance.
    expect(found).toEqual(new Set(['true null', ...unreachableReasons.map((reason) => `false ${reason}`)]));
  }, 120_000);

  test('takes one statement a page, and one for the count', async () => {
    const tenant = await create(fc.sample(world, { numRuns: 1, seed: 1 })[0]!);
    for (const filter of filters) {
      const page = await tenant.graphql(connection('nodes { id }'), { filter, first: 3 });
      const counted = await tenant.graphql(connection('totalCount nodes { id }'), { filter, first: 3 });
      expect([page.statements.length, counted.statements.length]).toEqual([1, 2]);
    }
  });
});
