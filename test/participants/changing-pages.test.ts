import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Answer, dataOf, type TestTenant, type Untyped } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

const pageOf = async (tenant: TestTenant, page: object) =>
  dataOf(
    await tenant.graphql(
      `query ($first: Int, $after: String, $last: Int, $before: String) {
         participantsConnection(first: $first, after: $after, last: $last, before: $before) {
           nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      page,
    ),
  ).participantsConnection;
const rename = (tenant: TestTenant, participantId: string, displayName: string) =>
  tenant.graphql(
    'mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { id } } }',
    { input: { participantId, displayName } },
  );
const remove = (tenant: TestTenant, participantId: string) =>
  tenant.graphql('mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }', {
    id: participantId,
  });

const names = ['Ada', 'ada', 'Ádám', 'Bob', 'bob', 'Émile', 'Zoe', '山田'];
const change = fc.record({
  kind: fc.constantFrom('insert' as const, 'delete' as const, 'rename' as const),
  which: fc.nat(),
  name: fc.constantFrom(...names),
});
const turns = fc.array(
  fc.record({ size: fc.integer({ min: 1, max: 4 }), changes: fc.array(change, { maxLength: 2 }) }),
  { minLength: 1, maxLength: 4 },
);

test('pages have every row that stays as it is once and in order, while others change between them', async () => {
  await fc.assert(
    fc.asyncProperty(turns, fc.boolean(), async (steps, isForward) => {
      const tenant = await service.createTenant();
      const rows: string[] = [];
      for (let index = 0; index < 12; index += 1)
        rows.push(await createParticipant(tenant, { displayName: names[index % names.length] as string }));
      const order = async () => (await pageOf(tenant, { first: 100 })).nodes.map(({ id }: { id: string }) => id);
      const staying = new Set<string>(rows);
      const deleted = new Set<string>();
      const seen: string[] = [];
      let cursor: string | null = null;
      for (let turn = 0; ; turn += 1) {
        const { size, changes } = steps[turn % steps.length] as (typeof steps)[number];
        const { nodes, pageInfo } = await pageOf(
          tenant,
          isForward ? { first: size, after: cursor } : { last: size, before: cursor },
        );
        const ids: string[] = nodes.map(({ id }: { id: string }) => id);
        expect(ids.filter((id) => deleted.has(id))).toEqual([]);
        if (isForward) seen.push(...ids);
        else seen.unshift(...ids);
        if (!(isForward ? pageInfo.hasNextPage : pageInfo.hasPreviousPage)) break;
        cursor = isForward ? pageInfo.endCursor : pageInfo.startCursor;
        // As many changes as not to go on for ever.
        if (turn > 20) continue;
        for (const { kind, which, name } of changes) {
          const id = rows[which % rows.length] as string;
          if (kind === 'insert') await createParticipant(tenant, { displayName: name });
          else if (!deleted.has(id)) {
            staying.delete(id);
            if (kind === 'rename') await rename(tenant, id, name);
            else {
              deleted.add(id);
              await remove(tenant, id);
            }
          }
        }
      }
      const wanted = (await order()).filter((id: string) => staying.has(id));
      expect(seen.filter((id) => staying.has(id))).toEqual(wanted);
    }),
    { numRuns: 8 },
  );
});

test('the newest conversations come first, and one that is made or deleted between pages moves no other', async () => {
  const tenant = await service.createTenant();
  const create = async () =>
    dataOf(await tenant.graphql('mutation { createConversation(input: {}) { conversation { id } } }'))
      .createConversation.conversation.id as string;
  const made: string[] = [];
  for (let index = 0; index < 9; index += 1) made.unshift(await create());
  const seen: string[] = [];
  let after: string | null = null;
  for (let more = true; more; ) {
    const answer: Answer<Untyped> = await tenant.graphql(
      'query ($after: String) { conversationsConnection(first: 2, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }',
      { after },
    );
    const { nodes, pageInfo } = dataOf(answer).conversationsConnection;
    seen.push(...nodes.map(({ id }: { id: string }) => id));
    await create();
    // The row that the cursor was made of.
    const last = seen.at(-1);
    await tenant.graphql('mutation ($id: ID!) { deleteConversation(input: { conversationId: $id }) { deletedId } }', {
      id: last,
    });
    after = pageInfo.endCursor;
    more = pageInfo.hasNextPage;
  }
  expect(seen).toEqual(made);
});
