import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { writeKey } from './webhook-keys.ts';

let service: TestApp;
let tenant: TestTenant;
let configs: Record<Kind, string>;
beforeAll(async () => {
  service = await startApp();
  ({ tenant } = service);
  configs = {
    connected: await createConfig(tenant, 'slack', 'xoxb-good'),
    away: await createConfig(tenant, 'slack'),
    needless: await createConfig(tenant, 'sms'),
    unknown: await createConfig(tenant, 'pigeon'),
    keyed: await createConfig(tenant, 'voice'),
    revoked: await createConfig(tenant, 'sms'),
  };
  await writeKey(service, tenant.id, configs.keyed, { revokedAt: new Date() });
  await writeKey(service, tenant.id, configs.keyed);
  await writeKey(service, tenant.id, configs.revoked, { revokedAt: new Date() });
});
afterAll(() => service.close());

const kinds = ['connected', 'away', 'needless', 'unknown', 'keyed', 'revoked'] as const;
type Kind = (typeof kinds)[number];
type Channel = { kind: Kind; valid: boolean; disabled: boolean };

/** Addresses that fit a config's provider, and others. */
const addresses: Record<Kind, { good: (n: number) => string; bad: (n: number) => string }> = {
  connected: { good: (n) => `U0GOOD${n}`, bad: (n) => `ada ${n}` },
  away: { good: (n) => `W0GOOD${n}`, bad: (n) => `${n}` },
  needless: { good: (n) => `+1415555010${n}`, bad: (n) => `010${n}` },
  unknown: { good: (n) => `coop ${n}`, bad: (n) => `coop ${n}` },
  keyed: { good: (n) => `+1415555020${n}`, bad: (n) => `020${n}` },
  revoked: { good: (n) => `+1415555030${n}`, bad: (n) => `030${n}` },
};

/** The contract's rule, said once more. */
function expected(channels: readonly Channel[], disabled: boolean) {
  const reasons = channels.map(({ kind, valid, disabled }) => {
    if (disabled) return 'CHANNEL_DISABLED';
    if (!valid && kind !== 'unknown') return 'INVALID_FORMAT';
    if (kind === 'away') return 'NOT_CONNECTED';
    return kind === 'revoked' ? 'KEY_REVOKED' : null;
  });
  const order = ['CHANNEL_DISABLED', 'INVALID_FORMAT', 'NOT_CONNECTED', 'KEY_REVOKED'];
  const general = order.find((reason) => reasons.includes(reason as never)) ?? null;
  const reachable = !disabled && reasons.includes(null);
  const reason = disabled ? 'DISABLED' : channels.length === 0 ? 'NO_CHANNEL' : reachable ? null : general;
  return { reachable, reason, channels: reasons.map((one) => ({ reachable: one === null, reason: one })) };
}

const channel: fc.Arbitrary<Channel> = fc.record({
  kind: fc.constantFrom(...kinds),
  valid: fc.boolean(),
  disabled: fc.boolean(),
});
const healthOf = async (id: string) =>
  dataOf(
    await tenant.graphql(
      `query ($id: ID!) { participant(id: $id) {
        health { reachable reason channels { reachable reason address channel { address } } }
        channels { address health { reachable reason } }
      } }`,
      { id },
    ),
  ).participant;

describe('health', () => {
  test('is as its model says, for any channels', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(channel, { maxLength: 4 }), fc.boolean(), async (channels, disabled) => {
        const id = await createParticipant(tenant, {
          channels: channels.map(({ kind, valid, disabled }, priority) => ({
            integrationConfigId: configs[kind],
            address: addresses[kind][valid ? 'good' : 'bad'](priority),
            disabled,
            priority,
          })),
        });
        if (disabled) {
          dataOf(
            await tenant.graphql(
              'mutation ($id: ID!) { disableParticipant(input: { participantId: $id }) { participant { id } } }',
              { id },
            ),
          );
        }
        const { health, channels: own } = await healthOf(id);
        const model = expected(channels, disabled);
        expect(health).toMatchObject(model);
        expect(own.map(({ health }: { health: object }) => health)).toEqual(model.channels);
        expect(
          health.channels.map((each: { address: string; channel: { address: string } }) => [
            each.address,
            each.channel.address,
          ]),
        ).toEqual(own.map(({ address }: { address: string }) => [address, address]));
      }),
      { numRuns: 60 },
    );
  });

  test('follows the connection of the config', async () => {
    const config = await createConfig(tenant, 'slack');
    const id = await createParticipant(tenant, { channels: [{ integrationConfigId: config, address: 'U0ADA' }] });
    const set = (name: string, input: object) =>
      tenant.graphql(
        `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { integrationConfig { connected } } }`,
        {
          input: { id: config, ...input },
        },
      );
    expect((await healthOf(id)).health.reason).toBe('NOT_CONNECTED');
    dataOf(await set('connectIntegration', { token: 'xoxb-good' }));
    expect((await healthOf(id)).health.reason).toBeNull();
    dataOf(await set('disconnectIntegration', {}));
    expect((await healthOf(id)).health.reason).toBe('NOT_CONNECTED');
  });

  const keysOf = async (id: string) =>
    dataOf(
      await tenant.graphql(
        'query ($id: ID!) { participant(id: $id) { health { reason channels { keyStatus keyPrefix reason lastMessageAt } } } }',
        { id },
      ),
    ).participant.health;

  test('tells the working key, else the one revoked last', async () => {
    const config = await createConfig(tenant, 'sms');
    const id = await createParticipant(tenant, {
      channels: [{ integrationConfigId: config, address: '+14155550177' }],
    });
    const sole = async () => (await keysOf(id)).channels[0];
    expect(await sole()).toEqual({ keyStatus: 'NONE', keyPrefix: null, reason: null, lastMessageAt: null });
    const last = await writeKey(service, tenant.id, config, { revokedAt: new Date(2_000) });
    await writeKey(service, tenant.id, config, { revokedAt: new Date(1_000) });
    expect(await sole()).toMatchObject({ keyStatus: 'REVOKED', keyPrefix: last, reason: 'KEY_REVOKED' });
    const working = await writeKey(service, tenant.id, config);
    expect(await sole()).toMatchObject({ keyStatus: 'ACTIVE', keyPrefix: working, reason: null });
  });

  test('counts the keys of the participant’s own bindings, in the channel’s config', async () => {
    const [agent, other] = [await createAgent(tenant), await createAgent(tenant)];
    const [config, elsewhere] = [await createConfig(tenant, 'sms'), await createConfig(tenant, 'sms')];
    const channels = [{ integrationConfigId: config, address: '+14155550177' }];
    const ada = await createParticipant(tenant, { channels, agentIds: [agent, other] });
    const bo = await createParticipant(tenant, { channels, agentIds: [agent] });
    const bindingOf = async (participantId: string, agentId: string) =>
      (
        await service.app.database.prisma.binding.findFirstOrThrow({
          where: { tenantId: tenant.id, participantId, agentId },
        })
      ).id;
    const status = async (id: string) => (await keysOf(id)).channels[0].keyStatus;

    await writeKey(service, tenant.id, elsewhere, { bindingId: await bindingOf(ada, agent) });
    expect([await status(ada), await status(bo)]).toEqual(['NONE', 'NONE']);
    await writeKey(service, tenant.id, config, { bindingId: await bindingOf(ada, agent), revokedAt: new Date() });
    expect([await status(ada), await status(bo)]).toEqual(['REVOKED', 'NONE']);
    const working = await writeKey(service, tenant.id, config, { bindingId: await bindingOf(ada, other) });
    expect([await status(ada), await status(bo)]).toEqual(['ACTIVE', 'NONE']);
    expect((await keysOf(ada)).channels[0].keyPrefix).toBe(working);
    // The config's own revoked key says nothing against a binding's that works.
    await writeKey(service, tenant.id, config, { revokedAt: new Date() });
    expect([await status(ada), await status(bo)]).toEqual(['ACTIVE', 'REVOKED']);
  });

  test('tells when the last message came in', async () => {
    const config = await createConfig(tenant, 'sms');
    const id = await createParticipant(tenant, {
      channels: [{ integrationConfigId: config, address: '+14155550178' }],
    });
    const at = new Date('2026-11-22T10:00:00.123Z');
    await service.app.database.prisma.channel.updateMany({
      where: { tenantId: tenant.id, participantId: id },
      data: { lastMessageAt: at },
    });
    expect((await keysOf(id)).channels[0].lastMessageAt).toBe(at.toISOString());
  });
});
