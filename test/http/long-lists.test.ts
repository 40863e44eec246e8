import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { countBindings } from '../../src/directory/bindings/bindings.ts';
import { channelsByParticipant, countChannels } from '../../src/directory/channels/channels.ts';
import { type Answer, dataOf, type TestTenant } from '../app.ts';
import { prepared } from '../prepared.ts';
import { useApp } from '../use-app.ts';
import { times } from './documents.ts';

const service = useApp();

// 30 people: the first 10 are bound to 300 agents each; the first has 100 channels, and the others have 30 each. All of
// them take part in 90 conversations.
let tenant: TestTenant;
beforeAll(async () => {
  tenant = await service.createTenant();
  const run = (text: string) => service.app.database.connection.query(prepared(text), [tenant.id]);
  await run(
    `insert into agent (tenant_id, id, name) select $1::uuid, 'a' || n, 'A' || n from generate_series(1, 300) n`,
  );
  await run(`insert into participant (tenant_id, id, kind, display_name)
    select $1::uuid, gen_random_uuid(), 'PERSON', 'P' || lpad(n::text, 2, '0') from generate_series(1, 30) n`);
  await run(`insert into binding (tenant_id, id, participant_id, agent_id)
    select p.tenant_id, gen_random_uuid(), p.id, a.id from participant p join agent a on a.tenant_id = p.tenant_id
    where p.tenant_id = $1::uuid and p.display_name <= 'P10'`);
  await run(`with config as (
      insert into integration_config (tenant_id, id, provider, name)
      values ($1::uuid, gen_random_uuid(), 'email', 'Mail') returning tenant_id, id)
    insert into channel (tenant_id, id, participant_id, integration_config_id, provider, address, address_valid)
    select p.tenant_id, gen_random_uuid(), p.id, c.id, 'email', 'p' || n || '@example.com', true
    from participant p join config c on true cross join generate_series(1, 100) n
    where p.tenant_id = $1::uuid and (p.display_name = 'P01' or n <= 30)`);
  await run(`insert into conversation (tenant_id, id, name)
    select $1::uuid, gen_random_uuid(), 'C' || n from generate_series(1, 90) n`);
  await run(`insert into conversation_member (tenant_id, id, conversation_id, type, participant_id, user_id)
    select p.tenant_id, gen_random_uuid(), c.id, 'USER', p.id::text, p.id
    from participant p join conversation c on c.tenant_id = p.tenant_id where p.tenant_id = $1::uuid`);
  await service.app.database.connection.script(async (script) => {
    await script('analyze');
  });
});

const told = ({ errors }: Pick<Answer<unknown>, 'errors'>) =>
  errors?.map(({ extensions: { code, status } }) => ({ code, status }));
const over = [{ code: 'RESULT_TOO_LARGE', status: 413 }];
const isCount = (text: string) => text.includes('count(*)');
const agents = times(45, (n) => `a${n}: agents { id name }`);
const people = (first: number, fields: string) => `{ participantsConnection(first: ${first}) { nodes { ${fields} } } }`;

describe('lists below a page that are long together', () => {
  test.each([
    ['nodes', people(10, agents)],
    ['edges', `{ participantsConnection(first: 10) { edges { node { ${agents} } } } }`],
    [
      'lists that the page has read',
      `{ conversationsConnection(first: 1) { nodes { participants { subject { ... on Participant { ${agents} } } } } } }`,
    ],
  ])('are counted, and not read where they do not fit, below %s', async (_, document) => {
    const answer = await tenant.graphql(document);
    expect([told(answer), answer.data]).toEqual([over, null]);
    // The page, a beginning of the lists, and how long they are.
    expect(answer.statements.map(isCount)).toEqual([false, false, true]);
  });

  test('are counted as often as the id of their row is given', async () => {
    const db = service.app.database.forTenant(tenant.id);
    const { nodes } = dataOf(await tenant.graphql(people(1, 'id'))).participantsConnection;
    const ids = [nodes[0].id, nodes[0].id, newId()];
    expect([await countBindings(db, ids), await countChannels(db, ids)]).toEqual([
      { rows: 600, bytes: 0 },
      // 9 addresses of 14 characters, 90 of 15 and one of 16.
      { rows: 200, bytes: 2 * (9 * 14 + 90 * 15 + 16) },
    ]);
  });

  test('are counted earlier where their texts can be long: channels', async () => {
    const db = service.app.database.forTenant(tenant.id);
    const { nodes } = dataOf(await tenant.graphql(people(15, 'id'))).participantsConnection;
    const ids: string[] = nodes.map(({ id }: { id: string }) => id);
    const short = async (count: number) =>
      (await channelsByParticipant.lists?.short(db, ids.slice(0, count)))?.flat().length;
    // 100 and 13 × 30, and one more.
    expect([await short(14), await short(15)]).toEqual([490, undefined]);
  });

  test('are read whole where they fit, and at once where they are short', async () => {
    const all = await tenant.graphql(people(10, 'bindings { id } agentIds'));
    const { nodes } = dataOf(all).participantsConnection;
    expect(nodes.map(({ bindings }: { bindings: object[] }) => bindings.length)).toEqual(Array(10).fill(300));
    // A beginning, and how long they are, besides.
    expect(all.statements.filter((text) => text.includes('from binding b where'))).toHaveLength(3);
    const some = await tenant.graphql(people(6, 'bindings { id }'));
    expect(dataOf(some).participantsConnection.nodes).toHaveLength(6);
    expect(some.statements).toHaveLength(2);
  });
});

describe('pages below a page', () => {
  const pages = (count: number) => `conversations(first: 90) { nodes { ${times(count, (n) => `s${n}: status`)} } }`;

  test('are counted where as many rows as they may have would not fit', async () => {
    const answer = await tenant.graphql(people(30, pages(50)));
    expect([told(answer), answer.statements.map(isCount)]).toEqual([over, [false, true]]);
  });

  test('are counted beside a page of a size that is refused', async () => {
    const some = `conversations(first: -2000000000) { nodes { id } }`;
    const answer = await tenant.graphql(people(30, `${pages(50)} refused: ${some}`));
    expect(answer.statements.map(isCount)).toEqual([false, true]);
    expect(told(answer)).toEqual(over);
  });

  test('are not counted where as many would fit', async () => {
    const answer = await tenant.graphql(people(30, pages(40)));
    expect([answer.errors, answer.statements.map(isCount)]).toEqual([undefined, [false, false]]);
  });

  test('are counted once, whichever of the rows above them has their id', async () => {
    const [{ id }] = dataOf(await tenant.graphql('{ conversationsConnection(first: 1) { nodes { id } } }'))
      .conversationsConnection.nodes;
    const below = (count: number) => `{ conversation(id: "${id}") { participants { subject {
      ... on Participant { ${pages(count)} } } } } }`;
    expect((await tenant.graphql(below(40))).errors).toBeUndefined();
    expect(told(await tenant.graphql(below(52)))).toEqual(over);
  });
});
