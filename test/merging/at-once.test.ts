import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Answer, dataOf, type TestTenant, type Untyped } from '../app.ts';
import { member } from '../conversations/factories.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';
import { call, createTalks, type Joined, join, joinedBy } from './histories.ts';
import { allRows, demandInvariants } from './invariants.ts';

const service = useApp({ RATE_LIMIT: '100000' });
const people = [0, 1, 2] as const;
const address = (n: number) => `+1415555710${n}`;

/**
 * Three users and three participants. The user and the participant of a number have a telephone in common, and
 * neighbouring participants have one as well. Names are marks that nobody else has.
 */
async function world(of: TestTenant) {
  const config = await createConfig(of, 'sms');
  const agents = [await createAgent(of), await createAgent(of)];
  const talks = await createTalks(of);
  const users: string[] = [];
  const participants: string[] = [];
  for (const n of [0, 1]) {
    const input = {
      firstName: `user${n}given`,
      lastName: `user${n}family`,
      fkId: `user${n}key`,
      email: `both${n}@example.com`,
      source: `user${n}source`,
      metadata: { of: `user${n}meta` },
      ...(n === 1 && { phoneNumber: address(1) }),
    };
    const made = dataOf(await call(of, 'createExternalUser', input, 'externalUser { id }'));
    users.push(made.createExternalUser.externalUser.id);
  }
  // One who has an identifier only, so that a merge fills the rest.
  const contactByIdentifier = { identifierKey: 'fkid', identifierValue: 'user2key' };
  users.push((await member(of, { conversationId: talks[0], participant: { contactByIdentifier } })).participantId);
  for (const n of people)
    participants.push(
      await createParticipant(of, {
        displayName: `participant${n}name`,
        ...(n === 0 && { email: 'both0@example.com' }),
        channels: [n, n + 1].map((at) => ({ integrationConfigId: config, address: address(at) })),
        agentIds: [agents[n % 2]],
      }),
    );
  return { users, participants, agents, talks };
}
type World = Awaited<ReturnType<typeof world>>;

/** Names of identifiers that somebody may be erased by. */
const named = [
  ...people.map((n) => ({ fkId: `user${n}key` })),
  ...people.map((n) => ({ phoneNumber: address(n) })),
  ...[0, 1].map((n) => ({ email: `both${n}@example.com` })),
];

const somebody = fc.constantFrom(...people);
const kinds = ['mergeExternalUsers', 'mergeParticipants', 'undoMerge', 'erasePerson', 'delete', 'join'] as const;
const [mergeUsers, mergeOthers, undoing, erasing, deleting, joining] = kinds;
const stepOf = (...of: (typeof kinds)[number][]) =>
  fc.record({
    kind: fc.constantFrom(...of),
    one: somebody,
    // How far from the one in the list.
    others: fc.constantFrom([1], [2], [1, 2]),
    at: fc.nat(99),
  });
type Step = ReturnType<typeof stepOf> extends fc.Arbitrary<infer Value> ? Value : never;

const codes = [
  'CONFLICT',
  'VALIDATION_FAILED',
  'EXTERNAL_USER_NOT_FOUND',
  'PARTICIPANT_NOT_FOUND',
  'MERGE_NOT_FOUND',
  'PARTICIPANT_STATE_CONFLICT',
];

/**
 * What a history has done so far. Who joined later may have been somebody else's survivor then, so only the
 * conversations are known.
 */
type Past = { merges: string[]; erased: object[]; deleted: Set<string>; joins: Joined[]; later: Set<string> };

async function run(of: TestTenant, { users, participants, talks }: World, past: Past, { kind, one, others, at }: Step) {
  const ofUsers = at % 2 === 0;
  const ids = ofUsers ? users : participants;
  let answer: Answer<Untyped>;
  if (kind === 'mergeExternalUsers' || kind === 'mergeParticipants') {
    const all = kind === 'mergeExternalUsers' ? users : participants;
    answer = await call(of, kind, { intoId: all[one], fromIds: others.map((n) => all[(one + n) % 3]) }, 'merge { id }');
    if (!answer.errors) past.merges.push(dataOf(answer)[kind].merge.id);
  } else if (kind === 'undoMerge') {
    const mergeId = past.merges[at % Math.max(past.merges.length, 1)] ?? 'none';
    answer = await call(of, kind, { mergeId }, 'notRestored { detail }');
  } else if (kind === 'erasePerson') {
    const by = named[at % named.length] ?? {};
    answer = await call(of, kind, { by, confirm: true }, 'erased { externalUsers participants }');
    if (!answer.errors) past.erased.push(by);
  } else if (kind === 'delete') {
    const [name, input] = ofUsers
      ? ['deleteExternalUser', { externalUserId: users[one] }]
      : ['deleteParticipant', { participantId: participants[one] }];
    answer = await call(of, name, input, 'deletedId');
    if (!answer.errors) past.deleted.add(String(ids[one]));
  } else {
    const talk = at % talks.length;
    answer = await join(of, talks[talk], { [ofUsers ? 'contact' : 'user']: { id: ids[one] } });
    if (!answer.errors) past.later.add(`${talks[talk]} ${ofUsers ? 'CONTACT' : 'USER'}`);
  }
  for (const { extensions, message } of answer.errors ?? [])
    expect([kind, codes, message]).toEqual([kind, expect.arrayContaining([extensions.code]), message]);
}

const person = 'id identifiers { identifierValue } conversationIds';
const participant = 'id agentIds channels { address } conversations(first: 10) { nodes { id } }';

/** Whose id leads to somebody has there all that was theirs. Returns those whose ids lead nowhere. */
async function demandWhole(of: TestTenant, { users, participants, agents, talks }: World, { joins }: Past) {
  const query = people.map(
    (n) =>
      `u${n}: externalUser(id: "${users[n]}") { ${person} } p${n}: participant(id: "${participants[n]}") { ${participant} }`,
  );
  const found = dataOf(await of.graphql(`{ ${query.join(' ')} }`));
  const gone: string[] = [];
  for (const n of people) {
    const [user, its] = [found[`u${n}`], found[`p${n}`]];
    const joined = (who: number) => joins.filter(({ one }) => one === who).map(({ talk }) => talks[talk]);
    if (user) {
      const values = user.identifiers.map((each: Untyped) => each.identifierValue);
      const own = [`user${n}key`, ...(n === 1 ? [address(n)] : []), ...(n < 2 ? [`both${n}@example.com`] : [])];
      expect(values).toEqual(expect.arrayContaining(own));
      expect(user.conversationIds).toEqual(expect.arrayContaining(joined(n)));
    } else gone.push(`user${n}`);
    if (its) {
      const addresses: string[] = its.channels.map((channel: Untyped) => channel.address);
      expect(addresses.sort()).toEqual([...new Set(addresses)]);
      expect(addresses).toEqual(expect.arrayContaining([address(n), address(n + 1)]));
      expect(its.agentIds.sort()).toEqual([...new Set(its.agentIds)]);
      expect(its.agentIds).toContain(agents[n % 2]);
      const talksOf = its.conversations.nodes.map(({ id }: Untyped) => id);
      expect(talksOf).toEqual(expect.arrayContaining(joined(n + people.length)));
    } else gone.push(`participant${n}`);
  }
  return gone;
}

test('merges, undos, erasures and deletions at the same time keep what was promised', {
  timeout: 240_000,
}, async () => {
  const mixed = stepOf(mergeUsers, mergeOthers, undoing, undoing, erasing, erasing, deleting, deleting, joining);
  const rounds = fc
    .tuple(
      fc.array(fc.tuple(stepOf(mergeUsers, mergeUsers, mergeOthers, mergeOthers, undoing)), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.array(fc.array(mixed, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
    )
    .map(([merges, mixed]) => [...merges, ...mixed]);
  const joins = fc.array(joinedBy(fc.nat(2 * people.length - 1)), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(joins, rounds, async (joins, rounds) => {
      const of = await service.createTenant();
      const made = await world(of);
      const { users, participants, talks } = made;
      for (const { one, talk, status } of joins) {
        const [kind, id] = one < people.length ? ['contact', users[one]] : ['user', participants[one - people.length]];
        dataOf(await join(of, talks[talk], { [kind as string]: { id } }, status));
      }
      const past: Past = { merges: [], erased: [], deleted: new Set(), joins, later: new Set() };
      for (const steps of rounds) {
        await Promise.all(steps.map((each) => run(of, made, past, each)));
        const rows = await allRows(service, of);
        demandInvariants(rows);
        const gone = await demandWhole(of, made, past);
        if (past.deleted.size + past.erased.length === 0) {
          expect(gone).toEqual([]);
          const members = rows['conversation_member'] ?? [];
          const joined = members.map(({ conversation_id: talk, type }) => `${talk} ${type}`);
          expect(joined).toEqual(expect.arrayContaining([...past.later]));
        }
        const text = JSON.stringify(rows);
        for (const by of past.erased)
          for (const value of Object.values(by)) expect(text).not.toContain(value.replace('+', ''));
        // Somebody who was deleted is in the history until they are erased. Without a deletion, who is gone was erased.
        if (past.deleted.size === 0) expect(gone.filter((mark) => text.includes(mark))).toEqual([]);
      }
    }),
    { numRuns: 12 },
  );
});

test('who is erased while two merges change who they are is erased, and no lock is waited for in a circle', {
  timeout: 240_000,
}, async () => {
  const of = await service.createTenant();
  const integrationConfigId = await createConfig(of, 'sms');
  for (let round = 0; round < 12; round += 1) {
    const theirs = (n: number) => ({ integrationConfigId, address: `+1415555${2000 + 4 * round + n}` });
    const [first, second, third] = [
      await createParticipant(of, { channels: [theirs(0)] }),
      await createParticipant(of, { channels: [theirs(1), theirs(2)] }),
      await createParticipant(of, { channels: [theirs(2), theirs(3)] }),
    ];
    const by = { phoneNumber: theirs(2).address };
    const answers = await Promise.all([
      call(of, 'mergeParticipants', { intoId: first, fromIds: [second] }, 'merge { id }'),
      call(of, 'erasePerson', { by, confirm: true }, 'erased { participants }'),
      call(of, 'mergeParticipants', { intoId: third, fromIds: [first] }, 'merge { id }'),
    ]);
    for (const { extensions, message } of answers.flatMap(({ errors }) => errors ?? []))
      expect([codes, message]).toEqual([expect.arrayContaining([extensions.code]), message]);
    expect(answers[1]?.errors).toBeUndefined();
    const rows = await allRows(service, of);
    demandInvariants(rows);
    expect(JSON.stringify(rows)).not.toContain(theirs(2).address.slice(1));
  }
});
