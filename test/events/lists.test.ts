import { expect, test } from 'vitest';
import { dataOf, type TestTenant } from '../app.ts';
import { openStream } from '../streams.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const listen = async (
  tenant: TestTenant,
  field: string,
  selection: string,
  scopes?: Parameters<TestTenant['token']>[0],
) => {
  const headers = { authorization: `Bearer ${await tenant.token(scopes)}` };
  const query = `subscription { ${field} { ${selection} } }`;
  const stream = await openStream(service.app.fetch, 'http://localhost/graphql', headers, query, {});
  return { ...stream, change: async () => (await stream.next())?.data?.[field] };
};
const mutate = async (tenant: TestTenant, name: string, input: object, fields: string) => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return dataOf(
    await tenant.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { ${fields} } }`, { input }),
  )[name];
};

test('each change of an agent is told once, and what changes nothing is not', async () => {
  const { tenant } = service;
  const stream = await listen(tenant, 'agentChanged', 'change agentId agent { name }');
  const created = stream.change();
  await mutate(await service.createTenant(), 'createAgent', { id: 'told', name: 'Another tenant’s' }, 'agent { id }');
  await mutate(tenant, 'createAgent', { id: 'told', name: 'First', idempotencyKey: 'k' }, 'agent { id }');
  await mutate(tenant, 'createAgent', { id: 'told', name: 'First', idempotencyKey: 'k' }, 'agent { id }');
  expect(await created).toEqual({ change: 'CREATED', agentId: 'told', agent: { name: 'First' } });
  const updated = stream.change();
  await mutate(tenant, 'updateAgent', { agentId: 'told', name: 'First' }, 'agent { id }');
  await mutate(tenant, 'updateAgent', { agentId: 'told', name: 'Second' }, 'agent { id }');
  expect(await updated).toEqual({ change: 'UPDATED', agentId: 'told', agent: { name: 'Second' } });
  const deleted = stream.change();
  await mutate(tenant, 'deleteAgent', { agentId: 'told', preview: true }, 'deletedId');
  await mutate(tenant, 'deleteAgent', { agentId: 'told' }, 'deletedId');
  expect(await deleted).toEqual({ change: 'DELETED', agentId: 'told', agent: null });
  await stream.leave();
});

test('each change of an integration config is told: itself, its connection, its webhooks', async () => {
  const { tenant } = service;
  const stream = await listen(
    tenant,
    'integrationConfigChanged',
    'change integrationConfigId integrationConfig { name connected activations { webhookKeyPrefix } }',
  );
  const [created, other] = [stream.change(), await service.createTenant()];
  await mutate(
    other,
    'createIntegrationConfig',
    { provider: 'slack', name: 'Another tenant’s' },
    'integrationConfig { id }',
  );
  const { id } = (
    await mutate(tenant, 'createIntegrationConfig', { provider: 'slack', name: 'Ours' }, 'integrationConfig { id }')
  ).integrationConfig;
  const config = { name: 'Ours', connected: false, activations: [] as object[] };
  const told = (change: string, integrationConfig: object | null) => ({
    change,
    integrationConfigId: id,
    integrationConfig,
  });
  expect(await created).toEqual(told('CREATED', config));

  const updated = stream.change();
  await mutate(
    tenant,
    'updateIntegrationConfig',
    { integrationConfigId: id, name: 'Ours' },
    'integrationConfig { id }',
  );
  await mutate(
    tenant,
    'updateIntegrationConfig',
    { integrationConfigId: id, name: 'Mine' },
    'integrationConfig { id }',
  );
  Object.assign(config, { name: 'Mine' });
  expect(await updated).toEqual(told('UPDATED', config));

  const connected = stream.change();
  await mutate(tenant, 'connectIntegration', { id, token: 'xoxb-1' }, 'integrationConfig { id }');
  expect(await connected).toEqual(told('UPDATED', { ...config, connected: true }));
  const disconnected = stream.change();
  await mutate(tenant, 'disconnectIntegration', { id }, 'integrationConfig { id }');
  expect(await disconnected).toEqual(told('UPDATED', config));

  const activated = stream.change();
  await mutate(tenant, 'generateWebhookUrl', { integrationConfigId: id }, 'webhookUrl');
  expect(await activated).toEqual(
    told('UPDATED', { ...config, activations: [{ webhookKeyPrefix: expect.any(String) }] }),
  );
  const deleted = stream.change();
  await mutate(tenant, 'deleteIntegrationConfig', { integrationConfigId: id, force: true }, 'deletedId');
  expect(await deleted).toEqual(told('DELETED', null));
  await stream.leave();
});

test.each([
  ['agentChanged', 'agentId'],
  ['integrationConfigChanged', 'integrationConfigId'],
])('%s needs the scope of what it tells', async (field, selection) => {
  const stream = await listen(service.tenant, field, selection, ['conversations:read', 'users:read']);
  expect((await stream.next())?.errors?.[0]?.extensions.code).toBe('FORBIDDEN');
  await stream.leave();
});
