import { expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { fromGeneric } from '../fakes/deliveries.ts';
import { useApp } from '../use-app.ts';
import { bindingOf, channelsOf, generate } from './webhooks.ts';

const service = useApp();

type Asking = { id: string; address: string; messageCount: number; status: string };

async function place(region: string | null = null) {
  const { tenant } = service;
  const created = await tenant.graphql(
    'mutation ($input: CreateIntegrationConfigInput!) { createIntegrationConfig(input: $input) { integrationConfig { id } } }',
    { input: { provider: 'sms', name: 'Texts', defaultRegion: region } },
  );
  const integrationConfigId: string = dataOf(created).createIntegrationConfig.integrationConfig.id;
  const bound = await createParticipant(tenant, { agentIds: [await createAgent(tenant)] });
  const { url, secret } = await generate(tenant, { integrationConfigId, bindingId: await bindingOf(tenant, bound) });
  return {
    integrationConfigId,
    hear: async (...senders: string[]) => {
      for (const from of senders)
        expect((await service.app.fetch(fromGeneric(url, secret, { from }))).status).toBe(200);
    },
    move: async (defaultRegion: string | null) =>
      void dataOf(
        await tenant.graphql(
          'mutation ($input: UpdateIntegrationConfigInput!) { updateIntegrationConfig(input: $input) { integrationConfig { id } } }',
          { input: { integrationConfigId, defaultRegion } },
        ),
      ),
    async asking(): Promise<Asking[]> {
      const filter = { integrationConfigId, status: ['PENDING', 'APPROVED', 'REJECTED', 'BLOCKED'] };
      const answer = await tenant.graphql(
        'query ($filter: UnknownSenderFilter) { unknownSendersConnection(filter: $filter, first: 100) { nodes { id address messageCount status } } }',
        { filter },
      );
      const { nodes } = dataOf(answer).unknownSendersConnection as { nodes: Asking[] };
      return nodes.sort((a, b) => a.id.localeCompare(b.id));
    },
  };
}
const told = (senders: Asking[]) => senders.map(({ address, messageCount, status }) => [address, messageCount, status]);

test('senders by a number without its country are other senders in another country', async () => {
  const { hear, move, asking } = await place();
  await hear('0171 1234567', '+491711234567', '0171 1234567', '68849');
  expect(told(await asking())).toEqual([
    ['0171 1234567', 2, 'PENDING'],
    ['+491711234567', 1, 'PENDING'],
    ['68849', 1, 'PENDING'],
  ]);
  // They turn out to be one, which is heard by either spelling from now on.
  await move('DE');
  expect(told(await asking())).toEqual([
    ['0171 1234567', 3, 'PENDING'],
    ['68849', 1, 'PENDING'],
  ]);
  await hear('+49 171 1234567', '00491711234567', '01711234567');
  expect(told(await asking())).toEqual([
    ['0171 1234567', 6, 'PENDING'],
    ['68849', 1, 'PENDING'],
  ]);
  // And without a country the first is heard by its own spelling only.
  await move(null);
  await hear('+491711234567', '0171 1234567');
  expect(told(await asking())).toEqual([
    ['0171 1234567', 7, 'PENDING'],
    ['68849', 1, 'PENDING'],
    ['+491711234567', 1, 'PENDING'],
  ]);
});

test('a blocked sender stays blocked when it turns out to be another one too', async () => {
  const { hear, move, asking } = await place();
  await hear('+491719999999', '0171 9999999');
  const [, second] = await asking();
  dataOf(
    await service.tenant.graphql(
      'mutation ($id: ID!) { blockUnknownSender(input: { id: $id }) { unknownSender { id } } }',
      {
        id: second?.id,
      },
    ),
  );
  await move('DE');
  await hear('0171 9999999', '+491719999999');
  expect(told(await asking())).toEqual([['+491719999999', 2, 'BLOCKED']]);
});

test('a sender who turns out to be a participant is one, with what was counted', async () => {
  const { integrationConfigId, hear, move, asking } = await place('US');
  const id = await createParticipant(service.tenant, { channels: [{ integrationConfigId, address: '+491715555555' }] });
  await hear('0171 5555555', '0171 5555555');
  await move('DE');
  expect(told(await asking())).toEqual([['0171 5555555', 2, 'APPROVED']]);
  expect(await channelsOf(service.tenant, id)).toMatchObject([{ messageCount: 2 }]);
  await hear('0171 5555555');
  expect(await channelsOf(service.tenant, id)).toMatchObject([{ messageCount: 3 }]);
});

test('keys may change places: each sender keeps its row', async () => {
  const { hear, move, asking } = await place('US');
  // In the United States a number of ten digits; in Mexico another telephone of ten digits.
  await hear('55 1234 5678', '+52 55 1234 5678', '212 555 0123');
  const before = await asking();
  await move('MX');
  await hear('55 1234 5678', '+1 212 555 0123');
  const after = await asking();
  expect(after.map(({ id }) => id).slice(0, 1)).toEqual(before.map(({ id }) => id).slice(0, 1));
  expect(new Set(after.map(({ address }) => address)).size).toBe(after.length);
  expect(after.reduce((sum, { messageCount }) => sum + messageCount, 0)).toBe(5);
});

test('a delivery that was read by the former country is counted by the present one', async () => {
  const { countMessages, keysOf } = await import('../../src/integrations/webhooks/senders.ts');
  const { integrationConfigId, move, asking } = await place();
  await move('DE');
  const { database } = service.app;
  const delivery = keysOf({
    ...{ keyId: integrationConfigId, tenantId: service.tenant.id, integrationConfigId, provider: 'sms' },
    ...{ defaultRegion: null, agentId: null, deliveryId: 'x', address: '0171 1234567' },
    ...{ publicName: null, displayName: null, conversationName: null, at: new Date() },
  });
  await database.transaction((query) => countMessages(query, null, [delivery]));
  await move('AT');
  await move('DE');
  expect(told(await asking())).toEqual([['0171 1234567', 1, 'PENDING']]);
  const [row] = await database.prisma.unknownSender.findMany({ where: { integrationConfigId } });
  expect(row?.identityKey).toBe('+491711234567');
});
