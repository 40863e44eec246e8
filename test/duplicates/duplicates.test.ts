import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findDuplicates } from '../../src/duplicates/follow.ts';
import { dataOf, problemOf, type TestTenant, type Untyped } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAccessKey, createConfig, createParticipant } from '../factories.ts';
import { prepared } from '../prepared.ts';
import { useAppAlone } from '../use-app.ts';

const service = useAppAlone();
const working = useAppAlone({ AVATAR_WORKERS: '1' });
const emails = 'SAME_EMAIL_IGNORING_CASE_AND_DOTS';

const user = async (of: TestTenant, input: object): Promise<string> =>
  dataOf(
    await of.graphql(
      'mutation ($input: CreateExternalUserInput!) { createExternalUser(input: $input) { externalUser { id } } }',
      { input: { firstName: 'Ada', lastName: 'Lovelace', ...input } },
    ),
  ).createExternalUser.externalUser.id;
const change = async (of: TestTenant, name: string, input: object): Promise<Untyped> => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input`;
  return dataOf(await of.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`, { input }));
};

/** Lets the search follow everything that has happened. */
async function search(of: TestTenant): Promise<void> {
  const known = `select 1 from duplicate_progress p where p.tenant_id = $1::uuid and p.stage = 'CHANGES'
    and not exists (select from history_entry h where h.tenant_id = $1::uuid and h.id > p.followed_id)`;
  await until(async () => {
    await findDuplicates(service.app.database);
    return (await service.app.database.connection.query(prepared(known), [of.id])).length > 0;
  });
}

/** What the search has found: each candidate as its members, its reasons and how likely it is. */
async function candidates(of: TestTenant, filter: object = {}): Promise<Untyped[]> {
  await search(of);
  return listed(of, filter);
}
const listed = async (of: TestTenant, filter: object = {}): Promise<Untyped[]> =>
  dataOf(
    await of.graphql(
      `query ($filter: DuplicateCandidateFilter) { duplicateCandidatesConnection(filter: $filter, first: 100) { totalCount nodes {
        id kind users { id } participants { id } reasons confidence dismissedAt } } }`,
      { filter },
    ),
  ).duplicateCandidatesConnection.nodes;
const members = (found: Untyped[]) =>
  found.map(({ users, participants, reasons }) => [
    (users.length > 0 ? users : participants).map(({ id }: Untyped) => id),
    reasons,
  ]);

test('users are found by dots, names, telephones in foreign keys, and the person who leads to them', async () => {
  const of = await service.createTenant();
  const dotted = [await user(of, { email: 'Ada.L@gmail.com' }), await user(of, { email: 'adal@googlemail.com' })];
  const named = [
    await user(of, { firstName: 'Zoë', lastName: 'Müller', email: 'zoe@example.com' }),
    await user(of, { firstName: 'ZOE', lastName: 'Muller', email: 'z.m@example.com' }),
  ];
  const called = [
    await user(of, { firstName: 'A', phoneNumber: '+14155550100', fkId: 'x' }),
    await user(of, { firstName: 'B', fkId: '+14155550100' }),
  ];
  const led = [
    await user(of, { firstName: 'C', phoneNumber: '+14155550101' }),
    await user(of, { firstName: 'D', email: 'd@example.org' }),
  ];
  const person = await createParticipant(of, {
    email: 'D@example.org',
    channels: [{ integrationConfigId: await createConfig(of, 'sms'), address: '+1 415 555 0101' }],
  });
  await user(of, { firstName: 'Ada', lastName: 'Nobody', email: 'other@example.com' });

  const all = await candidates(of);
  expect(members(all)).toEqual([
    [dotted, [emails, 'SAME_NAME_AND_DOMAIN']],
    [led, ['LINKED_BY_CHANNEL']],
    [named, ['SAME_NAME_AND_DOMAIN']],
    [called, ['SAME_PHONE']],
  ]);
  // Half as likely, since their foreign keys differ.
  expect(all.map(({ confidence }) => confidence)).toEqual([0.9, 0.7, 0.5, 0.45]);
  expect(all.map(({ participants }) => participants)).toEqual([[], [{ id: person }], [], []]);
  expect(members(await candidates(of, { reason: 'SAME_PHONE' }))).toEqual([[called, ['SAME_PHONE']]]);
  expect(await candidates(of, { kind: 'PARTICIPANT' })).toEqual([]);
  const { headers } = await createAccessKey(of, ['USERS_READ']);
  const refused = await of.graphql('{ duplicateCandidatesConnection { nodes { id } } }', {}, headers);
  expect(problemOf(refused).code).toBe('FORBIDDEN');
});

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

test('of somebody who was erased nothing is left, not even a digest', async () => {
  const of = await service.createTenant();
  const erased = await user(of, { email: 'ada.l@gmail.com' });
  await user(of, { email: 'adal@gmail.com' });
  expect(await candidates(of)).toHaveLength(1);
  await change(of, 'erasePerson', { by: { email: 'ada.l@gmail.com' }, confirm: true });
  expect(await listed(of)).toEqual([]);
  const named = `select k.subject_id from duplicate_key k where k.tenant_id = $1::uuid and $2::uuid in (k.subject_id, k.via_id)
    union all select m.subject_id from duplicate_member m where m.tenant_id = $1::uuid and m.subject_id = $2::uuid
    union all select c.id from duplicate_candidate c where c.tenant_id = $1::uuid and $2::uuid = any(c.member_ids || c.via_ids)`;
  const left = () => service.app.database.connection.query(prepared(named), [of.id, erased]);
  expect(await left()).toEqual([]);
  await search(of);
  expect(await left()).toEqual([]);
});

test('a process that does background work searches by itself', { timeout: 30_000 }, async () => {
  const of = await working.createTenant();
  await user(of, { email: 'a.b@example.com' });
  await user(of, { email: 'ab@example.com' });
  await until(async () => (await listed(of)).length > 0);
});

test('participants are found by channels of one telephone, one mailbox or one address, within a kind', async () => {
  const of = await service.createTenant();
  const [sms, whatsapp, slack] = [
    await createConfig(of, 'sms'),
    await createConfig(of, 'whatsapp'),
    await createConfig(of, 'slack'),
  ];
  const at = (integrationConfigId: string, address: string) => ({ channels: [{ integrationConfigId, address }] });
  const called = [
    await createParticipant(of, at(sms, '+14155550100')),
    await createParticipant(of, at(whatsapp, '14155550100')),
  ];
  await createParticipant(of, { kind: 'GROUP', ...at(sms, '+14155550100') });
  const mailed = [
    await createParticipant(of, { email: 'a.b@example.com' }),
    await createParticipant(of, { email: 'AB@example.com' }),
  ];
  const there = [
    await createParticipant(of, at(slack, 'U0AAAAAAA')),
    await createParticipant(of, at(slack, 'U0AAAAAAA')),
  ];
  expect(members(await candidates(of))).toEqual([
    [called, ['SAME_PHONE']],
    [mailed, [emails]],
    [there, ['LINKED_BY_CHANNEL']],
  ]);
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

test('what was dismissed stays so, with fewer members too, until there is another reason', async () => {
  const of = await service.createTenant();
  const [one, two, three] = [
    await user(of, { firstName: 'A', email: 'a.b@example.com' }),
    await user(of, { firstName: 'B', email: 'ab@example.com' }),
    await user(of, { firstName: 'C', email: 'a.b.@example.com' }),
  ];
  const [candidate] = await candidates(of);
  const dismiss = () =>
    of.graphql(
      'mutation ($id: ID!) { dismissDuplicateCandidate(input: { id: $id }) { candidate { id dismissedAt } } }',
      { id: candidate.id },
    );
  const { dismissedAt } = dataOf(await dismiss()).dismissDuplicateCandidate.candidate;
  expect(dismissedAt).not.toBeNull();
  expect(dataOf(await dismiss()).dismissDuplicateCandidate.candidate.dismissedAt).toBe(dismissedAt);
  await change(of, 'updateExternalUser', { externalUserId: one, source: 'phone' });
  expect(await candidates(of)).toEqual([]);
  await change(of, 'deleteExternalUser', { externalUserId: three });
  expect(await candidates(of)).toEqual([]);
  await change(of, 'updateExternalUser', { externalUserId: two, firstName: 'A' });
  expect(members(await candidates(of))).toEqual([
    [
      [one, two],
      [emails, 'SAME_NAME_AND_DOMAIN'],
    ],
  ]);
});

test('what more than twenty have in common says nothing', async () => {
  const of = await service.createTenant();
  const input = {
    users: Array.from({ length: 21 }, (_, n) => ({ firstName: 'A', lastName: 'B', email: `x${n}@example.com` })),
  };
  await change(of, 'createExternalUsers', input);
  expect(await candidates(of)).toEqual([]);
  const [first] = dataOf(await of.graphql('{ externalUsersConnection(first: 1) { nodes { id } } }'))
    .externalUsersConnection.nodes;
  await change(of, 'deleteExternalUser', { externalUserId: first.id });
  const [candidate] = await candidates(of);
  expect(candidate.users).toHaveLength(20);
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
