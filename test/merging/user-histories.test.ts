import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Answer, dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { useApp } from '../use-app.ts';
import { call, createTalks, type Joined, join, joinedBy, undo, undoAll } from './histories.ts';
import { stored as storedIn } from './stored.ts';

const service = useApp();
const people = [0, 1, 2, 3, 4] as const;

const merge = (of: TestTenant, intoId: unknown, fromIds: readonly unknown[]) =>
  call(of, 'mergeExternalUsers', { intoId, fromIds }, 'externalUser { id } merge { id }');
const joinAll = async (
  of: TestTenant,
  joins: readonly Joined[],
  talks: readonly string[],
  users: readonly string[],
) => {
  for (const { one, talk, status } of joins)
    dataOf(await join(of, talks[talk], { contact: { id: users[one] } }, status));
};

/** Five users, some of them with more than one identifier, and three conversations. */
async function world(of: TestTenant) {
  const users: string[] = [];
  for (const n of people) {
    const made = await call(
      of,
      'createExternalUser',
      {
        firstName: 'Ada',
        lastName: 'Byron',
        fkId: `fk${n}`,
        ...(n % 2 === 0 && { email: `${n}@example.com`, source: `s${n}`, metadata: { of: n, [`m${n}`]: n } }),
        ...(n > 2 && { phoneNumber: `+1415555010${n}` }),
      },
      'externalUser { id }',
    );
    users.push(dataOf(made).createExternalUser.externalUser.id);
  }
  return { users, talks: await createTalks(of) };
}

const person = 'id email phoneNumber fkId conversationIds identifiers { id identifierKey identifierValue primary }';
const everybody = async (of: TestTenant): Promise<Untyped[]> =>
  dataOf(await of.graphql(`{ externalUsersConnection(first: 100) { nodes { ${person} } } }`)).externalUsersConnection
    .nodes;
const found = async (of: TestTenant, id: unknown): Promise<Untyped> =>
  dataOf(await of.graphql(`query ($id: ID!) { externalUser(id: $id) { ${person} } }`, { id })).externalUser;
const valuesOf = (all: readonly Untyped[]): string[] =>
  all.flatMap((user) => user.identifiers.map((its: Untyped) => its.identifierValue)).sort();

/** A user's columns have the primary identifiers, one of each kind that the user has. */
function demandPrimaries(all: readonly Untyped[]): void {
  for (const user of all) {
    expect(user.identifiers.length).toBeGreaterThan(0);
    for (const [key, field] of [
      ['emailaddress', 'email'],
      ['phonenumber', 'phoneNumber'],
      ['fkid', 'fkId'],
    ] as const) {
      const same = user.identifiers.filter((its: Untyped) => its.identifierKey === key);
      const primary = same.filter((its: Untyped) => its.primary).map((its: Untyped) => its.identifierValue);
      expect([user.id, field, primary]).toEqual([user.id, field, same.length > 0 ? [user[field]] : []]);
      if (same.length === 0) expect(user[field]).toBeNull();
    }
  }
}

const somebody = fc.constantFrom(...people);
const joined = joinedBy(somebody);

test('merges are undone in any order: nothing is lost on the way, and in the end all is as it was', {
  timeout: 240_000,
}, async () => {
  const step = fc.record({
    kind: fc.constantFrom('merge', 'merge', 'merge', 'undo'),
    one: somebody,
    others: fc.uniqueArray(somebody, { minLength: 1, maxLength: 2 }),
    at: fc.nat(99),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(joined, { minLength: 2, maxLength: 8 }),
      fc.array(step, { minLength: 3, maxLength: 8 }),
      fc.infiniteStream(fc.nat(99)),
      async (joins, steps, picks) => {
        const of = await service.createTenant();
        const { users, talks } = await world(of);
        await joinAll(of, joins, talks, users);
        const before = await storedIn(service, of);
        const values = valuesOf(await everybody(of));
        const open: string[] = [];
        for (const { kind, one, others, at } of steps) {
          if (kind === 'merge') {
            const answer = await merge(
              of,
              users[one],
              others.map((other) => users[other]),
            );
            if (!answer.errors) open.push(dataOf(answer).mergeExternalUsers.merge.id);
          } else if (open.length > 0) {
            const answer = await undo(of, open[at % open.length]);
            if (!answer.errors) open.splice(at % open.length, 1);
          }
          const all = await everybody(of);
          expect(valuesOf(all)).toEqual(values);
          demandPrimaries(all);
          for (const { one: n, talk } of joins)
            expect((await found(of, users[n])).conversationIds).toContain(talks[talk]);
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
    const { merged_id: ids, ...rest } = await storedIn(service, of);
    return { ...rest, ids: ids?.map((row) => row.replace(/"merge_id": "[^"]*"/, '')) };
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(joined, { minLength: 3, maxLength: 9 }),
      fc.shuffledSubarray([...people], { minLength: 3, maxLength: 3 }),
      async (joins, [into, first, second]) => {
        const of = await service.createTenant();
        const { users, talks } = await world(of);
        const id = (n: number | undefined) => users[n ?? 0];
        await joinAll(of, joins, talks, users);
        const one = dataOf(await merge(of, id(into), [id(first)])).mergeExternalUsers.merge.id;
        const other = dataOf(await merge(of, id(into), [id(second)])).mergeExternalUsers.merge.id;
        expect(dataOf(await undo(of, one)).undoMerge).toMatchObject({
          externalUsers: [{ id: id(into) }, { id: id(first) }],
          notRestored: [],
        });
        const undone = await withoutMerges(of);
        dataOf(await undo(of, other));
        dataOf(await merge(of, id(into), [id(second)]));
        expect(await withoutMerges(of)).toEqual(undone);
      },
    ),
    { numRuns: 5 },
  );
});

test('changes between a merge and its undo: no identifier twice or lost, no membership lost, no crash', {
  timeout: 240_000,
}, async () => {
  const step = fc.record({
    kind: fc.constantFrom(
      'merge',
      'merge',
      'undo',
      'undo',
      'add',
      'remove',
      'set',
      'leave',
      'ensure',
      'delete',
      'join',
    ),
    one: somebody,
    other: somebody,
    talk: fc.nat(2),
    at: fc.nat(99),
    primary: fc.boolean(),
  });
  const allowed = [
    'CONFLICT',
    'VALIDATION_FAILED',
    'EXTERNAL_USER_NOT_FOUND',
    'MERGE_NOT_FOUND',
    'USER_ALREADY_EXISTS',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
      const of = await service.createTenant();
      const { users, talks } = await world(of);
      const merges: string[] = [];
      for (const { kind, one, other, talk, at, primary } of steps) {
        const before = await everybody(of);
        const its = (await found(of, users[one]))?.identifiers ?? [];
        const input = { externalUserId: users[one] };
        const run: Record<typeof kind, () => Promise<Answer<Untyped>>> = {
          merge: () => merge(of, users[one], [users[other]]),
          undo: () => undo(of, merges[at % Math.max(merges.length, 1)] ?? 'none'),
          add: () =>
            call(
              of,
              'addExternalUserIdentifier',
              { ...input, identifierKey: 'emailaddress', identifierValue: `${at % 7}@example.com`, primary },
              'created',
            ),
          remove: () =>
            call(
              of,
              'removeExternalUserIdentifier',
              { identifierId: its[at % (its.length || 1)]?.id ?? 'x' },
              'removed',
            ),
          set: () =>
            call(of, 'updateExternalUser', { ...input, email: `${at % 7}@example.com` }, 'externalUser { id }'),
          leave: () =>
            call(
              of,
              'removeConversationParticipant',
              { conversationId: talks[talk], participantId: users[one] },
              'removedId',
            ),
          ensure: () =>
            call(
              of,
              'ensureConversationParticipant',
              {
                conversationId: talks[talk],
                participant: {
                  contactByIdentifier: {
                    identifierKey: 'emailaddress',
                    identifierValue: `${at % 7}@example.com`,
                  },
                },
              },
              'created',
            ),
          delete: () => call(of, 'deleteExternalUser', input, 'deletedId'),
          join: () => join(of, talks[talk], { contact: { id: users[one] } }),
        };
        const answer = await run[kind]();
        if (answer.errors && kind !== 'leave')
          expect([kind, allowed]).toEqual([kind, expect.arrayContaining([problemOf(answer).code])]);
        if (answer.errors) expect(problemOf(answer).code).not.toBe('INTERNAL');
        if (kind === 'merge' && !answer.errors) merges.push(dataOf(answer).mergeExternalUsers.merge.id);
        const after = await everybody(of);
        demandPrimaries(after);
        expect(new Set(valuesOf(after)).size).toBe(valuesOf(after).length);
        if (kind !== 'merge' && kind !== 'undo') continue;
        expect(valuesOf(after)).toEqual(valuesOf(before));
        const talksOf = (all: readonly Untyped[]) => [...new Set(all.flatMap((user) => user.conversationIds))].sort();
        expect(talksOf(after)).toEqual(talksOf(before));
      }
    }),
    { numRuns: 10 },
  );
});
