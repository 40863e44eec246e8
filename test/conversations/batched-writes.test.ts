import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EnsureParticipant, ensureConversationParticipant } from '../../src/conversations/ensure.ts';
import type { Connection } from '../../src/database/connection.ts';
import { newId } from '../../src/database/ids.ts';
import { startApp, type TestApp, type TestTenant } from '../app.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { ask, type Call, ensureConcurrently, flow, type Outcome, whole } from './ensure-calls.ts';
import { closeConversation, createConversation, createExternalUser } from './factories.ts';

// Concurrent callers of any tenants share one statement.

let service: TestApp;
let tenant: TestTenant;
let other: TestTenant;
/** How the next shared statement fails. */
let failure: Error | null = null;
const around = (connection: Connection): Connection => ({
  ...connection,
  async queryBatchedWrite(...statement) {
    if (!failure) return connection.queryBatchedWrite(...statement);
    const error = failure;
    failure = null;
    throw error;
  },
});
beforeAll(async () => {
  service = await startApp({}, around);
  ({ tenant } = service);
  other = await service.createTenant();
});
beforeEach(() => {
  failure = null;
});
afterAll(() => service.close());

test('many callers of several tenants are one statement, and each gets its own', async () => {
  const calls: Call[] = [];
  const names: string[] = [];
  for (let n = 0; n < 6; n++)
    for (const of of [tenant, other]) {
      names.push(`Person ${n} of ${of === tenant ? 'one' : 'another'}`);
      const id = await createParticipant(of, { displayName: names.at(-1) });
      calls.push({ of, conversationId: await createConversation(of), participant: { user: { id } } });
    }
  const added = await ensureConcurrently(service, calls);
  expect(added.statements).toHaveLength(1);
  expect(added.outcomes).toMatchObject(
    calls.map(({ participant }, at) => ({ created: true, participantId: participant.user?.id, name: names[at] })),
  );
  const again = await ensureConcurrently(service, calls);
  expect(again.statements).toHaveLength(1);
  expect(again.outcomes).toEqual(added.outcomes.map((outcome) => ({ ...outcome, created: false })));
});

test('what one of them asks in vain is told to that one, and nobody else is held up or changed', async () => {
  const conversationId = await createConversation(tenant);
  const foreign = await createConversation(other);
  const closed = await createConversation(tenant);
  await closeConversation(tenant, closed);
  const mine = await createAgent(tenant);
  const { outcomes, statements } = await ensureConcurrently(service, [
    { of: tenant, conversationId, participant: flow('good') },
    { of: tenant, conversationId: foreign, participant: flow('of another tenant') },
    { of: other, conversationId: foreign, participant: flow('good') },
    { of: tenant, conversationId: closed, participant: flow('too late') },
    { of: tenant, conversationId: newId(), participant: flow('nowhere') },
    {
      of: tenant,
      conversationId: newId(),
      participant: { contactByIdentifier: { identifierKey: 'fkid', identifierValue: 'nobody, nowhere' } },
    },
    { of: tenant, agentId: mine, conversationId, participant: flow('not this agent’s') },
    { of: tenant, conversationId, participant: { agent: { id: 'nothing\u0000 that can be stored' } } },
    { of: tenant, conversationId, participant: { agent: { id: 'half a letter \ud83d' } } },
    { of: tenant, conversationId, participant: { agent: { id: mine } } },
    {
      of: tenant,
      conversationId,
      participant: { user: { id: await createParticipant(tenant, { displayName: 'Ours' }) } },
    },
    { of: tenant, conversationId, participant: { user: { id: await createParticipant(other) } } },
  ]);
  expect(outcomes).toMatchObject([
    { created: true, participantId: 'good' },
    { code: 'CONVERSATION_NOT_FOUND' },
    { created: true, participantId: 'good' },
    { code: 'PARTICIPANT_STATE_CONFLICT' },
    { code: 'CONVERSATION_NOT_FOUND' },
    { code: 'CONVERSATION_NOT_FOUND' },
    { code: 'CONVERSATION_NOT_FOUND' },
    { code: 'AGENT_NOT_FOUND' },
    { code: 'AGENT_NOT_FOUND' },
    { created: true, participantId: mine },
    { created: true, name: 'Ours' },
    { code: 'PARTICIPANT_NOT_FOUND' },
  ]);
  // One for each kind, and one for each who had to ask alone.
  expect(statements).toHaveLength(4 + 6);
});

test.each([
  ['emailaddress', 'email', 'Same@example.com', 'same@EXAMPLE.com'],
  ['phonenumber', 'phoneNumber', '+14155550123', '+1 415 555 0123'],
  ['fkid', 'fkId', 'the same', 'the same'],
] as const)(
  'subjects of two tenants with the same %s stay apart in one statement',
  async (identifierKey, field, stored, asked) => {
    const calls: Call[] = [];
    const users: string[] = [];
    for (const of of [tenant, other]) {
      users.push(await createExternalUser(of, { [field]: stored }));
      const participant = { contactByIdentifier: { identifierKey, identifierValue: asked } };
      calls.push({ of, conversationId: await createConversation(of), participant });
    }
    for (const created of [true, false]) {
      const { outcomes, statements } = await ensureConcurrently(service, calls);
      expect(outcomes).toMatchObject(users.map((participantId) => ({ created, participantId })));
      expect(statements).toHaveLength(1);
    }
  },
);

test('a statement that fails for what is in it is made up for by each alone', async () => {
  const conversationId = await createConversation(tenant);
  const calls = ['a', 'b', 'c'].map((id) => ({ of: tenant, conversationId, participant: flow(id) }));
  for (const code of ['23503', '40P01', '55P03', '22P05']) {
    failure = Object.assign(new Error('the database says no'), { code });
    const { outcomes } = await ensureConcurrently(service, calls);
    expect(outcomes.map((outcome) => 'participantId' in outcome && outcome.participantId)).toEqual(['a', 'b', 'c']);
  }
});

test.each([
  new Error('Connection terminated unexpectedly'),
  Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' }),
  Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' }),
  Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
])('a database that is away is told to all of them (%s)', async (away) => {
  const conversationId = await createConversation(tenant);
  failure = away;
  const calls = ['a', 'b'].map((id) => ({ of: tenant, conversationId, participant: flow(id) }));
  expect((await ensureConcurrently(service, calls)).outcomes).toEqual([
    { code: 'UNAVAILABLE' },
    { code: 'UNAVAILABLE' },
  ]);
  expect((await ensureConcurrently(service, calls)).outcomes).toMatchObject([{ created: true }, { created: true }]);
});

test('running callers are answered when the service stops', async () => {
  const stopping = await startApp();
  const conversationId = await createConversation(stopping.tenant);
  const db = stopping.app.database.forTenant(stopping.tenant.id);
  const answer = ensureConversationParticipant(db, { conversationId, participant: flow('a') }, whole);
  await stopping.close();
  expect(await answer).toMatchObject({ created: true });
});

test('a concurrent mixture has the same outcomes as a sequence', async () => {
  const [mine, theirs] = [await createAgent(tenant), await createAgent(other)];
  const people = { [tenant.id]: await createParticipant(tenant), [other.id]: await createParticipant(other) };
  const users = { [tenant.id]: await createExternalUser(tenant), [other.id]: await createExternalUser(other) };
  let round = 0;
  const one = fc.record({
    of: fc.constantFrom(tenant, other),
    at: fc.constantFrom('own', 'foreign', 'closed', 'of the agent', 'nowhere'),
    subject: fc.constantFrom(
      'user',
      'foreign user',
      'contact',
      'agent',
      'flow',
      'known e-mail',
      'new e-mail',
      'unknown',
    ),
    asAgent: fc.boolean(),
  });
  type One = Awaited<
    ReturnType<typeof fc.sample<{ of: TestTenant; at: string; subject: string; asAgent: boolean }>>
  >[number];

  /** The calls of a mixture, in conversations of their own. */
  async function callsOf(mixture: readonly One[], suffix: string): Promise<Call[]> {
    const rooms = new Map<TestTenant, Record<string, string>>();
    for (const of of [tenant, other]) {
      const closed = await createConversation(of);
      await closeConversation(of, closed);
      const agentId = of === tenant ? mine : theirs;
      rooms.set(of, {
        own: await createConversation(of),
        closed,
        'of the agent': await createConversation(of, { agentId }),
        nowhere: newId(),
      });
    }
    return mixture.map(({ of, at, subject, asAgent }) => {
      const away = of === tenant ? other : tenant;
      const email = (identifierValue: string) => ({
        contactByIdentifier: { identifierKey: 'emailaddress' as const, identifierValue },
      });
      const subjects: Record<string, EnsureParticipant> = {
        user: { user: { id: people[of.id] as string } },
        'foreign user': { user: { id: people[away.id] as string } },
        contact: { contact: { id: users[of.id] as string } },
        agent: { agent: { id: of === tenant ? mine : theirs } },
        flow: flow('f'),
        'known e-mail': email('known@example.com'),
        'new e-mail': email(`new-${suffix}@example.com`),
        unknown: { agent: { id: 'nobody' } },
      };
      return {
        of,
        agentId: asAgent ? (of === tenant ? mine : theirs) : null,
        conversationId: (at === 'foreign' ? rooms.get(away)?.['own'] : rooms.get(of)?.[at]) as string,
        participant: subjects[subject] as EnsureParticipant,
      };
    });
  }
  for (const of of [tenant, other]) await createExternalUser(of, { email: 'Known@example.com' });

  /** The outcome without generated ids. */
  const shape = (outcomes: Outcome[], mixture: readonly One[]) =>
    outcomes.map((outcome, at) =>
      'code' in outcome ? outcome : mixture[at]?.subject === 'new e-mail' ? 'added' : outcome.participantId,
    );
  const added = (outcomes: Outcome[]) => outcomes.filter((outcome) => 'created' in outcome && outcome.created).length;

  await fc.assert(
    fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 25 }), async (mixture) => {
      round++;
      const { outcomes } = await ensureConcurrently(service, await callsOf(mixture, `t${round}`));
      const oneByOne: Outcome[] = [];
      for (const call of await callsOf(mixture, `s${round}`)) oneByOne.push(await ask(service, call));
      expect(shape(outcomes, mixture)).toEqual(shape(oneByOne, mixture));
      expect(added(outcomes)).toBe(added(oneByOne));
    }),
    { numRuns: 25 },
  );
}, 120_000);
