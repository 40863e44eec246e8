import { expect, test } from 'vitest';
import { system } from '../../src/database/actor.ts';
import { pruneHistory } from '../../src/history/prune.ts';
import { dataOf, problemOf, type Untyped } from '../app.ts';
import { createExternalUser } from '../conversations/factories.ts';
import { createAccessKey, createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { entry, historyCalls } from './calls.ts';

const service = useApp();
const { historyOf, change } = historyCalls(() => service.tenant);

test('an update says which fields have changed, from what to what, and who did it', async () => {
  const { tenant } = service;
  const id = await createParticipant(tenant, { displayName: 'Ada', email: 'ada@example.com' });
  const key = await createAccessKey(tenant, ['PARTICIPANTS_WRITE']);
  const requestId = crypto.randomUUID();
  await change(
    'updateParticipant',
    'UpdateParticipantInput',
    { participantId: id, displayName: 'Bea', email: null },
    {
      ...key.headers,
      'x-request-id': requestId,
    },
  );

  const { nodes, totalCount } = await historyOf('participant', id);
  expect(totalCount).toBe(2);
  expect(nodes[0]).toMatchObject({
    action: 'UPDATED',
    operation: 'updateParticipant',
    requestId,
    actor: { kind: 'ACCESS_KEY', id: key.id, name: 'test' },
    subject: { __typename: 'Participant', id },
    changes: [
      { field: 'displayName', before: 'Ada', after: 'Bea' },
      { field: 'email', before: 'ada@example.com', after: null },
    ],
  });
  expect(nodes[1]).toMatchObject({ action: 'CREATED', operation: 'createParticipant', actor: { kind: 'USER' } });
});

test('a change that changes nothing leaves no entry, nor does what is refused', async () => {
  const id = await createParticipant(service.tenant, { displayName: 'Same' });
  await change('updateParticipant', 'UpdateParticipantInput', { participantId: id, displayName: 'Same' });
  const refused = await service.tenant.graphql(
    'mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { __typename } }',
    { input: { participantId: id, displayName: 'Other', agentIds: ['nobody'] } },
  );
  expect(problemOf(refused).code).toBe('AGENT_NOT_FOUND');
  expect((await historyOf('participant', id)).totalCount).toBe(1);
});

test('what belongs to a participant is in its history, and what was deleted keeps its id and its type', async () => {
  const { tenant } = service;
  const config = await createConfig(tenant);
  const id = await createParticipant(tenant, {
    channels: [{ integrationConfigId: config, address: 'U0HISTORY' }],
    agentIds: [await createAgent(tenant)],
  });
  await change('updateParticipant', 'UpdateParticipantInput', { participantId: id, channels: [] });
  const { nodes } = await historyOf('participant', id);
  expect(nodes.map(({ action, subjectType }: Untyped) => `${action} ${subjectType}`).sort()).toEqual([
    'CREATED Binding',
    'CREATED Channel',
    'CREATED Participant',
    'DELETED Channel',
  ]);
  const deleted = nodes.find(({ action }: Untyped) => action === 'DELETED');
  expect(deleted.subject).toEqual({ __typename: 'Channel', id: deleted.subjectId });
  expect(deleted.changes).toContainEqual({ field: 'address', before: 'U0HISTORY', after: null });

  await change('deleteParticipant', 'DeleteParticipantInput', { participantId: id });
  const query = `query ($id: ID!) { historyConnection(filter: { subjectId: $id }) { nodes { action subject { id ... on Participant { displayName } ... on Channel { address } } } } }`;
  const { historyConnection } = dataOf(await tenant.graphql(query, { id }));
  expect(historyConnection.nodes.map(({ action }: Untyped) => action)).toContain('DELETED');
  expect(historyConnection.nodes.every(({ subject }: Untyped) => subject === null)).toBe(true);
  // Not by the participant that it belonged to, but by its own id.
  const own = dataOf(await tenant.graphql(query, { id: deleted.subjectId }));
  expect(own.historyConnection.nodes.map(({ action }: Untyped) => action)).toEqual(['DELETED', 'CREATED']);
});

test('pages follow each other without a gap', async () => {
  const id = await createParticipant(service.tenant, { displayName: 'Name 0' });
  for (let index = 1; index <= 4; index += 1)
    await change('updateParticipant', 'UpdateParticipantInput', { participantId: id, displayName: `Name ${index}` });
  const names: string[] = [];
  for (let after: string | null = null, more = true; more; ) {
    const page: Untyped = await historyOf('participant', id, `(first: 2${after ? `, after: "${after}"` : ''})`);
    names.push(
      ...page.nodes.map(({ changes }: Untyped) => changes.find((one: Untyped) => one.field === 'displayName').after),
    );
    ({ endCursor: after, hasNextPage: more } = page.pageInfo);
  }
  expect(names).toEqual(['Name 4', 'Name 3', 'Name 2', 'Name 1', 'Name 0']);
});

test('callers whose writes share a statement are recorded each as themselves', async () => {
  const { tenant } = service;
  const { createConversation } = dataOf(
    await tenant.graphql('mutation { createConversation(input: { name: "Talk" }) { conversation { id } } }'),
  );
  const { id } = createConversation.conversation;
  const keys = await Promise.all([1, 2, 3].map(() => createAccessKey(tenant, ['CONVERSATIONS_WRITE'])));
  const callers = keys.map(({ headers, id }, n) => ({
    headers: { ...headers, 'x-request-id': crypto.randomUUID() },
    id,
    n,
  }));
  await Promise.all(
    callers.flatMap(({ headers, n }) =>
      [0, 1, 2, 3].map((which) =>
        change(
          'ensureConversationParticipant',
          'EnsureConversationParticipantInput',
          { conversationId: id, participant: { flow: { id: `flow ${n} ${which}` } } },
          headers,
        ),
      ),
    ),
  );
  const { nodes } = await historyOf('conversation', id, '(first: 100)');
  const added = nodes.filter(({ subjectType }: Untyped) => subjectType === 'ConversationParticipant');
  expect(added).toHaveLength(12);
  for (const { actor, requestId, changes } of added) {
    const of = changes.find(({ field }: Untyped) => field === 'participantId').after.split(' ')[1];
    const caller = callers[Number(of)];
    expect({ id: actor.id, requestId }).toEqual({ id: caller?.id, requestId: caller?.headers['x-request-id'] });
  }
});

test('an agent’s key reads the history of what it sees, and only administrators read all of it', async () => {
  const { tenant } = service;
  const agent = await createAgent(tenant);
  const key = await createAgentKey(tenant, agent);
  const created = dataOf(
    await tenant.graphql(
      'mutation ($a: ID) { mine: createConversation(input: { agentId: $a }) { conversation { id } } other: createConversation(input: {}) { conversation { id } } }',
      { a: agent },
    ),
  );
  const document = 'query ($id: ID!) { conversation(id: $id) { history { nodes { action } } } }';
  const read = (id: string) => tenant.graphql(document, { id }, key.headers);
  const mine = await read(created.mine.conversation.id);
  expect(dataOf(mine).conversation.history.nodes.length).toBeGreaterThan(0);
  const other = await read(created.other.conversation.id);
  expect(other.data?.conversation ?? null).toBeNull();
  const all = await tenant.graphql('{ historyConnection { nodes { id } } }', {}, key.headers);
  expect(problemOf(all)).toEqual({ code: 'FORBIDDEN', status: 403 });
});

test('the service itself acts for a cause, and conditions narrow the history', async () => {
  const { app, tenant } = service;
  const since = new Date().toISOString();
  const db = app.database.forTenant(tenant.id).as(system('a test', 'job 1'));
  await db.transaction((tx) => tx.agent.create({ data: { tenantId: tenant.id, id: 'caused', name: 'Caused' } }));
  const connection = async (filter: object) =>
    dataOf(
      await tenant.graphql(
        `query ($filter: HistoryFilter) { historyConnection(filter: $filter) { totalCount nodes { ${entry} } } }`,
        { filter },
      ),
    ).historyConnection;
  const { nodes } = await connection({ actorId: 'job 1' });
  expect(nodes).toHaveLength(1);
  expect(nodes[0]).toMatchObject({
    operation: null,
    requestId: null,
    actor: { kind: 'SYSTEM', id: 'job 1', name: 'a test' },
    subject: { __typename: 'Agent', id: 'caused' },
  });
  expect((await connection({ subjectId: 'caused' })).totalCount).toBe(1);
  expect((await connection({ after: since, actorId: 'job 1' })).totalCount).toBe(1);
  expect((await connection({ before: '2020-01-01T00:00:00.000Z' })).totalCount).toBe(0);
  expect((await connection({ operation: 'neverDone' })).totalCount).toBe(0);
});

test('old entries are deleted, and only those', async () => {
  const { app, createTenant } = service;
  const tenant = await createTenant();
  await createAgent(tenant, 'kept');
  const { database } = app;
  const old = '01900000-0000-7000-8000-000000000001';
  await database.prisma.historyEntry.create({
    data: { tenantId: tenant.id, id: old, subjectType: 'Agent', subjectId: 'old', actorKind: 'SYSTEM' },
  });
  const left = () =>
    database.prisma.historyEntry.findMany({ where: { tenantId: tenant.id }, select: { subjectId: true } });
  expect(await pruneHistory(database, 0)).toBe(0);
  expect(await left()).toHaveLength(2);
  await pruneHistory(database, 30);
  expect(await left()).toEqual([{ subjectId: 'kept' }]);
});

test('only administrators see what a key is called', async () => {
  const { tenant } = service;
  const writer = await createAccessKey(tenant, ['USERS_WRITE']);
  const user = await createExternalUser(tenant, { fkId: 'named-1' });
  await change('updateExternalUser', 'UpdateExternalUserInput', { id: user, firstName: 'Bea' }, writer.headers);
  const reader = await createAgentKey(tenant, await createAgent(tenant));
  const nameSeen = async (headers?: Record<string, string>) =>
    (await historyOf('externalUser', user, '(first: 1)', headers)).nodes[0].actor;
  expect(await nameSeen()).toEqual({ kind: 'ACCESS_KEY', id: writer.id, name: 'test' });
  const answer = await tenant.graphql(
    'query ($id: ID!) { externalUser(id: $id) { history(first: 1) { nodes { actor { kind id name } } } } }',
    { id: user },
    reader.headers,
  );
  expect(dataOf(answer).externalUser.history.nodes[0].actor).toEqual({
    kind: 'ACCESS_KEY',
    id: writer.id,
    name: null,
  });
});
