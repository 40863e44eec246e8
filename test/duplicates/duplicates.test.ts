import { expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAccessKey, createConfig, createParticipant } from '../factories.ts';
import { prepared } from '../prepared.ts';
import { useAppAlone } from '../use-app.ts';
import { change, emails, listed, members, searchOf, user } from './calls.ts';

const service = useAppAlone();
const working = useAppAlone({ AVATAR_WORKERS: '1' });
const { search, candidates } = searchOf(service);

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
