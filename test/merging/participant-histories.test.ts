import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataOf, type TestTenant, type Untyped } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { writeKey } from '../participants/webhook-keys.ts';
import { useApp } from '../use-app.ts';
import { call, createTalks, type Joined, join, joinedBy, undo, undoAll } from './histories.ts';
import { stored as storedIn } from './stored.ts';

const service = useApp();
const people = [0, 1, 2, 3] as const;

const merge = (of: TestTenant, intoId: unknown, fromId: unknown) =>
  call(of, 'mergeParticipants', { intoId, fromIds: [fromId] }, 'merge { id }');
const joinAll = async (of: TestTenant, joins: readonly Joined[], talks: readonly string[], ids: readonly string[]) => {
  for (const { one, talk, status } of joins) dataOf(await join(of, talks[talk], { user: { id: ids[one] } }, status));
};

/** Four participants. Neighbours have a channel and an agent in common, each with webhook keys. */
async function world(of: TestTenant) {
  const config = await createConfig(of);
  const agents = [await createAgent(of), await createAgent(of), await createAgent(of)];
  const ids: string[] = [];
  for (const n of people)
    ids.push(
      await createParticipant(of, {
        ...(n % 2 === 1 && { email: `${n}@example.com` }),
        channels: [n, n + 1].map((at) => ({ integrationConfigId: config, address: `U0AAAAAA${at}` })),
        agentIds: [agents[n % 3], agents[(n + 1) % 3]],
      }),
    );
  for (const { id: bindingId } of await service.app.database.prisma.binding.findMany({ where: { tenantId: of.id } }))
    await writeKey(service, of.id, config, { bindingId });
  return { ids, agents, talks: await createTalks(of) };
}

const somebody = fc.constantFrom(...people);
const joined = joinedBy(somebody);
const fields = 'id agentIds channels { address } conversations(first: 10) { nodes { id } }';

test('merges are undone in any order: nothing is lost or doubled, and in the end all is as it was', {
  timeout: 240_000,
}, async () => {
  const step = fc.record({
    kind: fc.constantFrom('merge', 'merge', 'merge', 'undo'),
    one: somebody,
    other: somebody,
    at: fc.nat(99),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(joined, { minLength: 2, maxLength: 6 }),
      fc.array(step, { minLength: 3, maxLength: 7 }),
      fc.infiniteStream(fc.nat(99)),
      async (joins, steps, picks) => {
        const of = await service.createTenant();
        const { ids, agents, talks } = await world(of);
        await joinAll(of, joins, talks, ids);
        const before = await storedIn(service, of);
        const open: string[] = [];
        for (const { kind, one, other, at } of steps) {
          if (kind === 'merge') {
            const answer = await merge(of, ids[one], ids[other]);
            if (!answer.errors) open.push(dataOf(answer).mergeParticipants.merge.id);
          } else if (open.length > 0) {
            const answer = await undo(of, open[at % open.length]);
            if (!answer.errors) open.splice(at % open.length, 1);
          }
          const query = ids.map((id, n) => `p${n}: participant(id: "${id}") { ${fields} }`).join(' ');
          const found: Untyped = dataOf(await of.graphql(`{ participants { id } ${query} }`));
          expect(found.participants).toHaveLength(ids.length - open.length);
          for (const n of people) {
            const its = found[`p${n}`];
            const addresses: string[] = its.channels.map(({ address }: Untyped) => address);
            expect(new Set(addresses).size).toBe(addresses.length);
            expect(new Set(its.agentIds).size).toBe(its.agentIds.length);
            expect(addresses).toEqual(expect.arrayContaining([`U0AAAAAA${n}`, `U0AAAAAA${n + 1}`]));
            expect(its.agentIds).toEqual(expect.arrayContaining([agents[n % 3], agents[(n + 1) % 3]]));
            for (const { one, talk } of joins)
              if (one === n) expect(its.conversations.nodes).toContainEqual({ id: talks[talk] });
          }
        }
        await undoAll(of, open, (length) => (picks.next().value ?? 0) % length);
        expect(await storedIn(service, of)).toEqual(before);
      },
    ),
    { numRuns: 6 },
  );
});

test('of two merges into one survivor the first is undone as if it had never been', { timeout: 240_000 }, async () => {
  const withoutMerges = async (of: TestTenant) => {
    const { merged_id: redirects, webhook_key: keys, ...rest } = await storedIn(service, of);
    return {
      ...rest,
      redirects: redirects?.map((row) => row.replace(/"merge_id": "[^"]*"/, '')),
      keys: keys?.map((row) => row.replace(/"revoked_at": "[^"]*"/, '"revoked_at": "then"')),
    };
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(joined, { minLength: 3, maxLength: 9 }),
      fc.shuffledSubarray([...people], { minLength: 3, maxLength: 3 }),
      async (joins, [into, first, second]) => {
        const of = await service.createTenant();
        const { ids, talks } = await world(of);
        const id = (n: number | undefined) => ids[n ?? 0];
        await joinAll(of, joins, talks, ids);
        const before = await storedIn(service, of);
        const one = dataOf(await merge(of, id(into), id(first))).mergeParticipants.merge.id;
        const other = dataOf(await merge(of, id(into), id(second))).mergeParticipants.merge.id;
        expect(dataOf(await undo(of, one)).undoMerge).toMatchObject({
          participants: [{ id: id(into) }, { id: id(first) }],
          notRestored: [],
        });
        const undone = await withoutMerges(of);
        dataOf(await undo(of, other));
        expect(await storedIn(service, of)).toEqual(before);
        dataOf(await merge(of, id(into), id(second)));
        expect(await withoutMerges(of)).toEqual(undone);
      },
    ),
    { numRuns: 5 },
  );
});
