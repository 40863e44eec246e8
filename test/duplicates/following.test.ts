import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TenantDatabase, TenantHandle } from '../../src/database/database.ts';
import { findDuplicates } from '../../src/duplicates/follow.ts';
import { dataOf, type TestTenant, type Untyped } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { prepared } from '../prepared.ts';
import { useAppAlone } from '../use-app.ts';
import { change, emails, listed, members, searchOf, throwing, user } from './calls.ts';

const service = useAppAlone();
const { search, candidates } = searchOf(service);

/** The database, where a tenant's transactions are run by `run`. */
function around(of: TestTenant, run: <Result>(step: () => Promise<Result>) => Promise<Result>) {
  const { query, forTenant } = service.app.database;
  return {
    query,
    forTenant(tenantId: string) {
      const handle = forTenant(tenantId);
      if (tenantId !== of.id) return handle;
      const transaction: TenantDatabase['transaction'] = (work) => run(() => handle.transaction(work));
      return { ...handle, as: () => ({ ...handle, transaction }) } as TenantHandle;
    },
  };
}

test('whose channel it was is looked at again when a channel is another’s', async () => {
  const of = await service.createTenant();
  const [one, other] = [await createConfig(of, 'sms'), await createConfig(of, 'sms')];
  const called = (integrationConfigId: string) =>
    createParticipant(of, { channels: [{ integrationConfigId, address: '+1 415 555 0102' }] });
  const [into, from, third] = [
    await createParticipant(of, { displayName: 'Somebody else', email: 'else@example.com' }),
    await called(one),
    await called(other),
  ];
  const linked = async () =>
    (await candidates(of)).map(({ participants }) => participants.map(({ id }: Untyped) => id).sort());
  expect(await linked()).toEqual([[from, third].sort()]);
  const { merge } = dataOf(
    await of.graphql(
      'mutation ($input: MergeParticipantsInput!) { mergeParticipants(input: $input) { merge { id } } }',
      { input: { intoId: into, fromIds: [from] } },
    ),
  ).mergeParticipants;
  expect(await linked()).toEqual([[into, third].sort()]);
  await change(of, 'undoMerge', { mergeId: merge.id });
  expect(await linked()).toEqual([[from, third].sort()]);
});

test('the search follows changes, merges, deletions and what an undo brings back', async () => {
  const of = await service.createTenant();
  const one = await user(of, { firstName: 'A', email: 'a.b@example.com' });
  const two = await user(of, { firstName: 'B', email: 'ab@example.com' });
  await search(of);
  const three = await user(of, { firstName: 'C', email: 'a.b.@example.com' });
  expect(members(await candidates(of))).toEqual([[[one, two, three], [emails]]]);
  await change(of, 'updateExternalUser', { externalUserId: three, email: 'c@example.com' });
  expect(members(await candidates(of))).toEqual([[[one, two], [emails]]]);
  await change(of, 'addExternalUserIdentifier', {
    externalUserId: three,
    identifierKey: 'emailaddress',
    identifierValue: 'A.b.@example.com',
  });
  expect(members(await candidates(of))).toEqual([[[one, two, three], [emails]]]);
  const merged = dataOf(
    await of.graphql(
      'mutation ($into: ID!, $from: ID!) { mergeExternalUsers(input: { intoId: $into, fromIds: [$from] }) { merge { id } } }',
      { into: one, from: three },
    ),
  ).mergeExternalUsers.merge.id;
  expect(members(await candidates(of))).toEqual([[[one, two], [emails]]]);
  dataOf(await of.graphql('mutation ($id: ID!) { undoMerge(input: { mergeId: $id }) { __typename } }', { id: merged }));
  expect(members(await candidates(of))).toEqual([[[one, two, three], [emails]]]);
  await change(of, 'deleteExternalUser', { externalUserId: three });
  await change(of, 'deleteExternalUser', { externalUserId: two });
  // At once, before the search has followed.
  expect(await listed(of)).toEqual([]);
  expect(await candidates(of)).toEqual([]);
  const left = prepared('select 1 from duplicate_key k where k.tenant_id = $1::uuid and k.subject_id = $2::uuid');
  expect(await service.app.database.connection.query(left, [of.id, two])).toEqual([]);
});

test('who was merged away is there as the survivor', async () => {
  const of = await service.createTenant();
  const other = await user(of, { firstName: 'A', email: 'p.q@example.com' });
  const from = await user(of, { firstName: 'B', email: 'pq@example.com' });
  const into = await user(of, { firstName: 'C', email: 'z@example.org' });
  expect(members(await candidates(of))).toEqual([[[other, from], [emails]]]);
  const merging =
    'mutation ($into: ID!, $from: ID!) { mergeExternalUsers(input: { intoId: $into, fromIds: [$from] }) { merge { id } } }';
  dataOf(await of.graphql(merging, { into, from }));
  expect(members(await candidates(of))).toEqual([[[other, into], [emails]]]);
});

test('a channel that comes or goes changes who is led to', async () => {
  const of = await service.createTenant();
  await user(of, { firstName: 'A', phoneNumber: '+14155550101' });
  await user(of, { firstName: 'B', email: 'b@example.com' });
  const person = await createParticipant(of, { email: 'b@example.com' });
  expect(await candidates(of)).toEqual([]);
  const channels = [{ integrationConfigId: await createConfig(of, 'sms'), address: '+14155550101' }];
  await change(of, 'updateParticipant', { participantId: person, channels });
  expect(await candidates(of)).toMatchObject([{ participants: [{ id: person }], reasons: ['LINKED_BY_CHANNEL'] }]);
  await change(of, 'updateParticipant', { participantId: person, channels: [] });
  expect(await candidates(of)).toEqual([]);
});

describe('while a tenant imports', () => {
  /** A tenant with two that may be the same, of which the search knows nothing, and an import that is leased. */
  async function importing(isDryRun: boolean): Promise<TestTenant> {
    const of = await service.createTenant();
    expect(await candidates(of)).toEqual([]);
    await lease(of, isDryRun);
    await user(of, { firstName: 'A', email: 'a.b@example.com' });
    await user(of, { firstName: 'B', email: 'ab@example.com' });
    return of;
  }
  const lease = (of: TestTenant, isDryRun: boolean) => {
    const begin = `insert into data_job (tenant_id, id, direction, kind, format, begun_by, state, worker_id, lease_until, is_dry_run)
      values ($1::uuid, $2::uuid, 'IMPORT', 'EXTERNAL_USERS', 'CSV', 'test', 'RUNNING', $2::uuid, now() + interval '1 hour', $3::text = 'yes')`;
    return service.app.database.connection.query(prepared(begin), [of.id, of.id, isDryRun ? 'yes' : 'no']);
  };
  const lapse = (of: TestTenant) => {
    const end = "update data_job set lease_until = now() - interval '1 second' where tenant_id = $1::uuid";
    return service.app.database.connection.query(prepared(end), [of.id]);
  };

  test('what it brings is looked at when nobody works on it any more', async () => {
    const of = await importing(false);
    await findDuplicates(service.app.database, throwing);
    expect(await listed(of)).toEqual([]);
    await lapse(of);
    expect(await candidates(of)).toHaveLength(1);
  });

  test('the search does not wait for a dry run', async () => {
    expect(await candidates(await importing(true))).toHaveLength(1);
  });

  test('the search pauses after the step in which the import began', async () => {
    const of = await service.createTenant();
    await user(of, { firstName: 'A', email: 'a.b@example.com' });
    await user(of, { firstName: 'B', email: 'ab@example.com' });
    let isBegun = false;
    const database = around(of, async (step) => {
      const done = await step();
      if (!isBegun) await lease(of, false);
      isBegun = true;
      return done;
    });
    await findDuplicates(database, throwing);
    expect(await listed(of)).toEqual([]);
    await lapse(of);
    expect(await candidates(of)).toHaveLength(1);
  });
});

test('a tenant whose step fails keeps no other from being searched', async () => {
  const [first, second] = [await service.createTenant(), await service.createTenant()];
  for (const of of [first, second]) {
    await user(of, { firstName: 'A', email: 'a.b@example.com' });
    await user(of, { firstName: 'B', email: 'ab@example.com' });
  }
  const failures: unknown[] = [];
  const error = new Error('canceling statement due to statement timeout');
  const database = around(first, () => Promise.reject(error));
  await findDuplicates(database, (...failure) => failures.push(failure));
  expect(failures).toEqual([[error, first.id]]);
  expect(await listed(first)).toEqual([]);
  expect(await listed(second)).toHaveLength(1);
});

type Step = { kind: 'create' | 'change' | 'delete' | 'search'; at: number; mailbox: number; name: number };

test('following changes finds what a search of everything finds', { timeout: 240_000 }, async () => {
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('create', 'create', 'change', 'delete', 'search'),
    at: fc.nat(5),
    mailbox: fc.nat(2),
    name: fc.nat(1),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 14 }), async (steps) => {
      const of = await service.createTenant();
      await search(of);
      const there: string[] = [];
      let dots = 0;
      // Each address of a mailbox has its own dots.
      const email = (mailbox: number) => {
        dots += 1;
        const local = `abcdefgh${mailbox}`.split('').map((letter, at) => ((dots >> at) & 1 ? `${letter}.` : letter));
        return `${local.join('')}@example.com`;
      };
      for (const { kind, at, mailbox, name } of steps) {
        const id = there[at % Math.max(there.length, 1)];
        const has = { firstName: ['Ada', 'Bea'][name], email: email(mailbox) };
        if (kind === 'create') there.push(await user(of, has));
        else if (kind === 'search') await search(of);
        else if (id && kind === 'change') await change(of, 'updateExternalUser', { externalUserId: id, ...has });
        else if (id) {
          await change(of, 'deleteExternalUser', { externalUserId: id });
          there.splice(there.indexOf(id), 1);
        }
      }
      const sorted = (found: Untyped[]) =>
        members(found)
          .map((each) => JSON.stringify(each))
          .sort();
      const followed = sorted(await candidates(of));
      for (const table of ['duplicate_key', 'duplicate_candidate', 'duplicate_progress'])
        await service.app.database.connection.query(prepared(`delete from ${table} where tenant_id = $1::uuid`), [
          of.id,
        ]);
      expect(followed).toEqual(sorted(await candidates(of)));
    }),
    { numRuns: 15 },
  );
});
