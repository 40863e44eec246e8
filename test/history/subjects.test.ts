import { expect, test } from 'vitest';
import { dataOf, type Untyped } from '../app.ts';
import { createExternalUser } from '../conversations/factories.ts';
import { createAccessKey, createConfig } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { historyCalls } from './calls.ts';

const service = useApp();
const { historyOf, change } = historyCalls(() => service.tenant);

const addIdentifier = async (externalUserId: string, identifierValue: string): Promise<string> =>
  dataOf(
    await service.tenant.graphql(
      'mutation ($input: AddExternalUserIdentifierInput!) { addExternalUserIdentifier(input: $input) { identifier { id } } }',
      { input: { externalUserId, identifierKey: 'fkid', identifierValue } },
    ),
  ).addExternalUserIdentifier.identifier.id;

test('an identifier has entries of its own, and a primary one only those of its user', async () => {
  const user = await createExternalUser(service.tenant, { fkId: 'own-1' });
  const second = await addIdentifier(user, 'own-2');
  await change('removeExternalUserIdentifier', 'RemoveExternalUserIdentifierInput', { identifierId: second });
  const { nodes } = await historyOf('externalUser', user);
  expect(nodes.map(({ action, subjectType }: Untyped) => `${action} ${subjectType}`)).toEqual([
    'DELETED ExternalUserIdentifier',
    'CREATED ExternalUserIdentifier',
    'CREATED ExternalUser',
  ]);
  expect(nodes[0].subject).toEqual({ __typename: 'ExternalUserIdentifier', id: second });
  expect(nodes[1].changes).toContainEqual({ field: 'identifierValue', before: null, after: 'own-2' });
});

test('an identifier that moves with a merge is in the survivor’s history', async () => {
  const [into, from] = [
    await createExternalUser(service.tenant, { fkId: 'into-1' }),
    await createExternalUser(service.tenant, { fkId: 'from-1' }),
  ];
  const moved = await addIdentifier(from, 'from-2');
  await change('mergeExternalUsers', 'MergeExternalUsersInput', { intoId: into, fromIds: [from] });
  const { nodes } = await historyOf('externalUser', into);
  const entry = nodes.find(({ subjectId }: Untyped) => subjectId === moved);
  expect(entry).toMatchObject({ action: 'UPDATED', operation: 'mergeExternalUsers' });
  expect(entry.changes).toContainEqual({ field: 'externalUserId', before: from, after: into });
});

test('to begin to sign in to a provider changes the config, and creates none', async () => {
  const { app, tenant } = service;
  const config = await createConfig(tenant);
  const { prisma } = app.database;
  const now = new Date();
  await prisma.oAuthState.create({
    data: {
      tenantId: tenant.id,
      stateHash: '0'.repeat(64),
      integrationConfigId: config,
      viewerKind: 'USER',
      viewerId: 'x',
      expiresAt: now,
    },
  });
  const { integrationConfigs } = dataOf(
    await tenant.graphql('{ integrationConfigs { id history { nodes { action changes { field } } } } }'),
  );
  const { nodes } = integrationConfigs.find(({ id }: Untyped) => id === config).history;
  expect(nodes[0]).toEqual({ action: 'UPDATED', changes: [{ field: 'signInBegunAt' }] });
  expect(nodes.filter(({ action }: Untyped) => action === 'CREATED')).toHaveLength(1);
});

test('to use a key leaves no entry', async () => {
  const { app, tenant } = service;
  const key = await createAccessKey(tenant, ['ADMIN']);
  const entries = () => app.database.prisma.historyEntry.count({ where: { tenantId: tenant.id, subjectId: key.id } });
  expect(await entries()).toBe(1);
  await app.database.prisma.credentialKey.updateMany({ where: { id: key.id }, data: { lastUsedAt: new Date() } });
  expect(await entries()).toBe(1);
});
