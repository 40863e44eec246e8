import { expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test('contacts are narrowed to a provider, with every other filter, for one agent and for many', async () => {
  const { tenant } = service;
  await createAgent(tenant, 'one');
  await createAgent(tenant, 'two');
  const [slack, sms] = [await createConfig(tenant, 'slack'), await createConfig(tenant, 'sms')];
  const person = (displayName: string, channels: object[], agentIds = ['one']) =>
    createParticipant(tenant, { displayName, channels, agentIds });
  const onSlack = { integrationConfigId: slack, address: 'U0ADA' };
  const onSms = { integrationConfigId: sms, address: '+14155550100' };
  await person('Ada', [onSlack, onSms], ['one', 'two']);
  await person('Bob', [{ ...onSms, address: '+14155550101' }]);
  await person('Cyd', []);
  await person('Dan', [{ ...onSlack, address: 'U0DAN' }], []);
  const list = async (filter: object) => {
    const answer = await tenant.graphql(
      'query ($filter: ParticipantFilter) { participantsConnection(filter: $filter, first: 10) { totalCount nodes { displayName } } }',
      { filter },
    );
    const { totalCount, nodes } = dataOf(answer).participantsConnection;
    expect(totalCount).toBe(nodes.length);
    return nodes.map(({ displayName }: { displayName: string }) => displayName).join(' ');
  };
  for (const provider of ['slack', 'Slack']) expect(await list({ provider })).toBe('Ada Dan');
  expect(await list({ provider: 'sms', agentId: 'one' })).toBe('Ada Bob');
  expect(await list({ provider: 'sms', query: 'bo' })).toBe('Bob');
  expect(await list({ provider: 'sms', reachable: true })).toBe('Ada Bob');
  expect(await list({ provider: 'slack', reason: 'NO_CHANNEL' })).toBe('');
  expect(await list({ provider: 'carrier-pigeon' })).toBe('');
  expect(await list({ provider: null })).toBe('Ada Bob Cyd Dan');

  const ofAgents = await tenant.graphql(
    '{ agents { id participantsConnection(filter: { provider: "sms" }, first: 5) { totalCount nodes { displayName } } } }',
  );
  expect(dataOf(ofAgents).agents).toEqual([
    { id: 'one', participantsConnection: { totalCount: 2, nodes: [{ displayName: 'Ada' }, { displayName: 'Bob' }] } },
    { id: 'two', participantsConnection: { totalCount: 1, nodes: [{ displayName: 'Ada' }] } },
  ]);
  expect(ofAgents.statements).toHaveLength(3);
});
