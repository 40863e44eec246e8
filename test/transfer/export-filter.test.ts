import { expect, test } from 'vitest';
import { dataOf, problemOf, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { transfers } from './world.ts';

const service = useApp({ IMPORT_WORKERS: '1', JOB_LEASE_MS: '2000' });
const { over, importedRows } = transfers(service);

const start = (input: object) =>
  service.tenant.graphql('mutation ($input: StartExportInput!) { startExport(input: $input) { export { id } } }', {
    input: { format: 'NDJSON', ...input },
  });
async function exportedIds(input: object): Promise<string[]> {
  const { startExport } = dataOf(await start(input));
  const { url, rows } = await over('export', startExport.export.id, 'state url rows');
  const lines = (await (await service.app.fetch(new Request(url))).text()).split('\n').slice(0, -1);
  expect(lines).toHaveLength(rows);
  return lines.map((line) => JSON.parse(line).id);
}
const idsOf = ({ nodes }: { nodes: { id: string }[] }) => nodes.map(({ id }) => id).sort();
const listed = async (list: string, type: string, filter: object): Promise<string[]> =>
  idsOf(
    dataOf(
      await service.tenant.graphql(
        `query ($filter: ${type}) { ${list}(first: 100, filter: $filter) { nodes { id } } }`,
        {
          filter,
        },
      ),
    )[list],
  );

test('an export of external users has those that the list has, page by page', async () => {
  const rows = Array.from({ length: 205 }, (_, n) => ({
    firstName: n % 41 === 0 ? 'Grace' : 'Ada',
    lastName: `Number ${n}`,
    fkId: `filtered-${n}`,
    source: n % 2 === 0 ? 'even' : 'odd',
  }));
  expect(await importedRows('EXTERNAL_USERS', rows)).toMatchObject({ created: 205 });
  const odd = await exportedIds({ kind: 'EXTERNAL_USERS', filter: { externalUsers: { source: 'odd' } } });
  expect([odd.length, new Set(odd).size]).toEqual([102, 102]);
  for (const filter of [{ query: 'grace' }, { query: 'grace', source: 'even' }, { query: 'filtered-20' }]) {
    const wanted = await listed('externalUsersConnection', 'ExternalUserFilter', filter);
    expect(wanted.length).toBeGreaterThan(1);
    const got = await exportedIds({ kind: 'EXTERNAL_USERS', filter: { externalUsers: filter } });
    expect(got.sort()).toEqual(wanted);
  }
  const future = new Date(Date.now() + 3_600_000).toISOString();
  expect(await exportedIds({ kind: 'EXTERNAL_USERS', filter: { externalUsers: { createdAfter: future } } })).toEqual(
    [],
  );
  expect(
    await exportedIds({ kind: 'EXTERNAL_USERS', filter: { externalUsers: { createdBefore: future } } }),
  ).toHaveLength(205);
  expect(await exportedIds({ kind: 'EXTERNAL_USERS' })).toHaveLength(205);
});

test('participants and conversations are exported by the filters of theirs', async () => {
  const { tenant } = service;
  const [agent, config] = [await createAgent(tenant), await createConfig(tenant)];
  const channels = [{ integrationConfigId: config, address: 'U0FILTER' }];
  const ofAgent = await createParticipant(tenant, { agentIds: [agent], channels });
  const group = await createParticipant(tenant, { kind: 'GROUP' });
  const conversation = async (input: object): Promise<string> =>
    dataOf(
      await tenant.graphql(
        'mutation ($input: CreateConversationInput!) { createConversation(input: $input) { conversation { id } } }',
        { input },
      ),
    ).createConversation.conversation.id;
  const [own] = [await conversation({ agentId: agent }), await conversation({})];
  const participants = (filter: object) => exportedIds({ kind: 'PARTICIPANTS', filter: { participants: filter } });
  expect(await participants({ agentId: agent })).toEqual([ofAgent]);
  expect(await participants({ kind: 'GROUP' })).toEqual([group]);
  expect(await participants({ reachable: true })).toEqual(
    await listed('participantsConnection', 'ParticipantFilter', { reachable: true }),
  );
  const conversations = (filter: object) => exportedIds({ kind: 'CONVERSATIONS', filter: { conversations: filter } });
  expect(await conversations({ agentId: agent })).toEqual([own]);
  expect(await conversations({ status: 'CLOSED' })).toEqual([]);
  expect(await conversations({ status: 'OPEN' })).toHaveLength(2);
});

test('a filter of another kind, or one that the list refuses, is refused before anything is queued', async () => {
  const { prisma } = service.app.database;
  const jobs = () => prisma.dataJob.count({ where: { tenantId: service.tenant.id } });
  const before = await jobs();
  const answer = await start({ kind: 'PARTICIPANTS', filter: { externalUsers: { source: 'x' } } });
  expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
  expect((answer.errors as Untyped)[0].extensions.errors).toEqual([
    { path: ['input', 'filter', 'externalUsers'], message: 'is no filter of PARTICIPANTS' },
  ]);
  const short = { kind: 'EXTERNAL_USERS', filter: { externalUsers: { query: 'x' } } };
  expect((await start(short)).errors?.[0]?.extensions).toMatchObject({
    code: 'VALIDATION_FAILED',
    errors: [{ path: ['input', 'filter', 'externalUsers', 'query'] }],
  });
  const half = { kind: 'EXTERNAL_USERS', filter: { externalUsers: { query: 'half of a pair: \ud800' } } };
  expect(problemOf(await start(half)).code).toBe('VALIDATION_FAILED');
  expect(await jobs()).toBe(before);
  // What was searched for may be a person's: it is not kept.
  const kept = await prisma.dataJob.findMany({ where: { tenantId: service.tenant.id, state: 'DONE' } });
  expect(kept.length).toBeGreaterThan(5);
  expect(kept.filter(({ filter }) => filter !== null)).toEqual([]);
});
