import { beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { dataOf, type TestTenant } from '../app.ts';
import { prepared } from '../prepared.ts';
import { useApp } from '../use-app.ts';

const service = useApp({ FEDERATION: 'on' });
let tenant: TestTenant;
beforeAll(async () => {
  tenant = await service.createTenant();
});

const ask = (representations: object[], selection: string) =>
  tenant.graphql(
    `query ($representations: [_Any!]!) { _entities(representations: $representations) { ${selection} } }`,
    { representations },
  );

test('pages below the entities that are found are read where others are not found', async () => {
  const made = Array.from({ length: 25 }, newId);
  await service.app.database.connection.query(
    prepared(`insert into conversation (tenant_id, id, name) select $1::uuid, c.id, 'C' from unnest($2::uuid[]) c(id)`),
    [tenant.id, made],
  );
  const of = (ids: string[]) => ids.map((id) => ({ __typename: 'Conversation', id }));
  const list = '... on Conversation { participants { id } }';
  const [missing, page] = [newId(), '... on Conversation { participantsConnection(first: 100) { nodes { id } } }'];
  const some = dataOf(await ask(of([...made, missing]), page))._entities;
  expect(some.slice(-2)).toEqual([{ participantsConnection: { nodes: [] } }, null]);
  const { errors } = await ask(of([...Array.from({ length: 1_100 }, newId), made[0] as string]), list);
  expect(errors).toBeUndefined();
});
