import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { dataOf, problemOf, type Untyped } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { fromTelegram, slackMessage, slackSecret, telegramMessage } from '../fakes/deliveries.ts';
import { subscribe } from '../streams.ts';
import { useApp } from '../use-app.ts';
import { codeOf, type Decision, decisionsOf } from './decisions.ts';
import { nobody } from './strangers.ts';
import { channelsOf, generate } from './webhooks.ts';

const service = useApp({ SLACK_SIGNING_SECRET: slackSecret });
const { place, send, list, senders, stranger, decide, decided, remove } = decisionsOf(service);

test('the senders who wait at an agent are read with the participants they may be in a fixed number of statements', async () => {
  const here = await place();
  const elsewhere = await createConfig(service.tenant, 'slack');
  const people = new Map<string, string>();
  const read = () => list({ agentId: here.agent });
  const expectMatches = (answer: Awaited<ReturnType<typeof read>>) =>
    expect(
      dataOf(answer).unknownSendersConnection.nodes.map((each: Untyped) => [each.address, each.matchedParticipant?.id]),
    ).toEqual([...people].reverse());
  const empty = await read();
  expect(dataOf(empty).unknownSendersConnection).toEqual({ totalCount: 0, nodes: [] });
  const add = async (address: string) => {
    const channels = [{ integrationConfigId: elsewhere, address }];
    people.set(address, await createParticipant(service.tenant, { channels }));
    await send(
      here,
      address,
      slackMessage(address, { ts: `${Math.floor(Date.now() / 1_000) - 60 + people.size}.0001` }),
    );
  };
  await add('U0ONE');
  const one = await read();
  expectMatches(one);
  for (const address of ['U0TWO', 'U0THREE', 'U0FOUR']) await add(address);
  const four = await read();
  expectMatches(four);
  expect(four.statements).toHaveLength(3);
  expect(one.statements).toHaveLength(3);
});

test('a telephone number matches across providers, and a conversation has its name', async () => {
  const sms = await createConfig(service.tenant, 'sms');
  const channels = [{ integrationConfigId: sms, address: '+1 415 555 0166' }];
  const ada = await createParticipant(service.tenant, { channels });
  const now = new Date();
  const whatsapp = await createConfig(service.tenant, 'whatsapp');
  const id = '0198f000-0000-7000-8000-00000000abcd';
  const heard = { messageCount: 1, firstMessageAt: now, lastMessageAt: now, identityKey: '+14155550166' };
  await service.app.database.prisma.unknownSender.create({
    data: { tenantId: service.tenant.id, id, integrationConfigId: whatsapp, address: '14155550166', ...heard },
  });
  const of = async (integrationConfigId: string) =>
    dataOf(await list({ integrationConfigId })).unknownSendersConnection.nodes;
  expect(await of(whatsapp)).toMatchObject([{ matchedParticipant: { id: ada } }]);
  const telegram = await createConfig(service.tenant, 'telegram');
  const { url, secret } = await generate(service.tenant, { integrationConfigId: telegram });
  const message = telegramMessage(42, { first_name: 'Bo' });
  await service.app.fetch(fromTelegram(url, secret, message));
  expect(await of(telegram)).toMatchObject([{ conversationName: null, matchedParticipant: null }]);
});

test('a sender is let in as a new participant, as a channel of one, or by a binding alone', async () => {
  const here = await place();
  const first = await stranger(here, 'U0NEW', 2);
  const made = await decided('approve', { id: first.id, mode: 'CREATE_NEW', displayName: ' Ada ', note: 'a friend' });
  expect(made.participant).toMatchObject({
    kind: 'PERSON',
    displayName: 'Ada',
    agentIds: [here.agent],
    channels: [{ integrationConfigId: here.config, address: 'U0NEW', messageCount: 2 }],
  });
  expect(made.unknownSender).toMatchObject({
    status: 'APPROVED',
    note: 'a friend',
    approvalMode: 'CREATE_NEW',
    approvedParticipant: { id: made.participant.id, displayName: 'Ada' },
    processedAt: expect.any(String),
    processedBy: expect.any(String),
  });
  expect(await senders(here, null)).toEqual([]);

  const second = await stranger(here, 'U0SECOND', 3);
  const added = await decided('approve', {
    id: second.id,
    mode: 'ADD_TO_EXISTING',
    participantId: made.participant.id,
  });
  expect(added.participant).toMatchObject({
    id: made.participant.id,
    agentIds: [here.agent],
    channels: [{ messageCount: 2 }, { address: 'U0SECOND', messageCount: 3 }],
  });

  const elsewhere = await place();
  const third = await stranger(elsewhere, 'U0NEW');
  const bound = await decided('approve', { id: third.id, mode: 'BIND_ONLY' });
  expect(bound.participant).toMatchObject({ id: made.participant.id, channels: [{}, {}] });
  expect(bound.participant.agentIds.sort()).toEqual([here.agent, elsewhere.agent].sort());
  await send(elsewhere, 'U0NEW');
  expect(await senders(elsewhere)).toMatchObject([{ status: 'APPROVED', messageCount: 2 }]);
  await remove(made.participant.id);
  await send(elsewhere, 'U0NEW');
  expect(await senders(elsewhere)).toMatchObject([{ status: 'PENDING', messageCount: 1, approvedParticipantId: null }]);
});

test('a decision that breaks a rule changes nothing', async () => {
  const here = await place();
  const { id } = await stranger(here, 'U0STAYS');
  const ada = await createParticipant(service.tenant);
  for (const [input, code, field] of [
    [{ mode: 'CREATE_NEW', participantId: ada }, 'VALIDATION_FAILED', 'participantId'],
    [{ mode: 'CREATE_NEW', displayName: ' ' }, 'VALIDATION_FAILED', 'displayName'],
    [{ mode: 'CREATE_NEW', note: 'x'.repeat(4_001) }, 'VALIDATION_FAILED', 'note'],
    [{ mode: 'CREATE_NEW', agentIds: ['nobody'] }, 'AGENT_NOT_FOUND', undefined],
    [{ mode: 'ADD_TO_EXISTING' }, 'VALIDATION_FAILED', 'participantId'],
    [{ mode: 'ADD_TO_EXISTING', participantId: nobody }, 'PARTICIPANT_NOT_FOUND', undefined],
    [{ mode: 'ADD_TO_EXISTING', participantId: 'no id' }, 'PARTICIPANT_NOT_FOUND', undefined],
    [{ mode: 'ADD_TO_EXISTING', participantId: ada, displayName: 'Ada' }, 'VALIDATION_FAILED', 'displayName'],
    [{ mode: 'BIND_ONLY' }, 'VALIDATION_FAILED', 'participantId'],
    [{ mode: 'BIND_ONLY', participantId: ada, agentIds: [] }, 'VALIDATION_FAILED', 'agentIds'],
  ] as const) {
    const answer = await decide('approve', { id, ...input });
    expect([problemOf(answer).code, answer.errors?.[0]?.extensions.errors?.[0]?.path.at(-1)]).toEqual([code, field]);
  }
  for (const decision of ['approve', 'reject', 'block', 'unblock'] as const)
    for (const unknown of [nobody, 'no id'])
      expect(
        await codeOf(decide(decision, { id: unknown, ...(decision === 'approve' && { mode: 'BIND_ONLY' }) })),
      ).toBe('UNKNOWN_SENDER_NOT_FOUND');
  expect(await senders(here)).toMatchObject([{ id, status: 'PENDING', processedAt: null, processedBy: null }]);
  const headers = { authorization: `Bearer ${await service.tenant.token(['participants:read'])}` };
  for (const decision of ['reject', 'block', 'unblock'] as const)
    expect(await codeOf(decide(decision, { id }, headers))).toBe('FORBIDDEN');
});

test('a blocked sender’s messages are dropped by one statement, which writes nothing but their number', async () => {
  const here = await place();
  const { id } = await stranger(here, 'U0SPAM', 2);
  await send(here, 'U0KNOWN');
  const before = slackMessage('U0SPAM', {});
  await send(here, 'U0SPAM', before);
  expect((await decided('block', { id, note: 'spam' })).unknownSender).toMatchObject({
    status: 'BLOCKED',
    note: 'spam',
  });
  expect((await decided('block', { id, note: 'other' })).unknownSender).toMatchObject({
    status: 'BLOCKED',
    note: 'spam',
  });
  const kept = () => service.app.database.prisma.webhookDelivery.count({ where: { integrationConfigId: here.config } });
  const deliveries = await kept();
  const statements = service.statements.length;
  await send(here, 'U0SPAM');
  expect(service.statements.slice(statements)).toHaveLength(1);
  // What had been counted before is not dropped now.
  await send(here, 'U0SPAM', before);
  await Promise.all(Array.from({ length: 20 }, (_, index) => send(here, index % 2 ? 'U0SPAM' : 'U0KNOWN')));
  expect(await kept()).toBe(deliveries + 10);
  expect(await senders(here)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ address: 'U0SPAM', status: 'BLOCKED', messageCount: 3, droppedMessageCount: 11 }),
      expect.objectContaining({ address: 'U0KNOWN', messageCount: 11, droppedMessageCount: 0 }),
    ]),
  );
  expect(await codeOf(decide('reject', { id }))).toBe('CONFLICT');
  expect(await codeOf(decide('approve', { id, mode: 'CREATE_NEW' }))).toBe('CONFLICT');
  expect((await decided('unblock', { id })).unknownSender).toMatchObject({
    status: 'PENDING',
    droppedMessageCount: 11,
  });
  await send(here, 'U0SPAM');
  expect(await stranger(here, 'U0SPAM', 0)).toMatchObject({ status: 'PENDING', messageCount: 4 });

  await decided('block', { id });
  const channels = [{ integrationConfigId: here.config, address: 'U0SPAM' }];
  const ada = await createParticipant(service.tenant, { channels });
  expect(await stranger(here, 'U0SPAM')).toMatchObject({
    status: 'APPROVED',
    approvedParticipantId: ada,
    approvalMode: null,
    processedBy: null,
  });
  expect(await channelsOf(service.tenant, ada)).toMatchObject([{ messageCount: 1 }]);
  expect(await codeOf(decide('block', { id }))).toBe('CONFLICT');
});

test('of many who decide at once one does, while messages come in', async () => {
  const here = await place();
  const { id } = await stranger(here, 'U0WANTED', 2);
  const [answers] = await Promise.all([
    Promise.all(
      Array.from({ length: 9 }, (_, index) =>
        index % 3 === 2
          ? decide('approve', { id, mode: 'CREATE_NEW', note: `${index}` })
          : decide('approve', { id, mode: 'CREATE_NEW' }),
      ),
    ),
    Promise.all(Array.from({ length: 20 }, () => send(here, 'U0WANTED'))),
  ]);
  const good = answers.filter(({ errors }) => !errors);
  expect(good).toHaveLength(1);
  expect(new Set(answers.filter(({ errors }) => errors).map((each) => problemOf(each).code))).toEqual(
    new Set(['CONFLICT']),
  );
  const { participant } = dataOf(good[0]!).approveUnknownSender;
  expect(await channelsOf(service.tenant, participant.id)).toMatchObject([{ messageCount: 22 }]);
  expect(await senders(here)).toMatchObject([{ status: 'APPROVED', approvedParticipantId: participant.id }]);
});

test('a sender is what it should be after any decisions in any order', async () => {
  const here = await place();
  type State = { status: string; messages: number; dropped: number; channel: string | null };
  const steps = ['message', 'approve', 'reject', 'block', 'unblock', 'forget', 'channel'] as const;
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 12 }), async (script) => {
      run += 1;
      const address = `U0RUN${run}`;
      const { id } = await stranger(here, address);
      let state: State = { status: 'PENDING', messages: 1, dropped: 0, channel: null };
      for (const step of script) {
        const { status, channel } = state;
        const answer = async (decision: Decision, legal: boolean, next: State, input: object = {}) => {
          const given = await decide(decision, { id, ...input });
          if (!legal) expect(problemOf(given).code).toBe('CONFLICT');
          else state = next;
          return legal ? dataOf(given)[`${decision}UnknownSender`] : null;
        };
        if (step === 'message') {
          await send(here, address);
          if (status === 'BLOCKED') state.dropped += 1;
          else if (channel === null)
            state = { ...state, status: 'PENDING', messages: status === 'PENDING' ? state.messages + 1 : 1 };
        } else if (step === 'approve') {
          const done = await answer(
            'approve',
            status === 'PENDING',
            { ...state, status: 'APPROVED' },
            { mode: 'CREATE_NEW' },
          );
          if (done) state.channel = done.participant.id;
        } else if (step === 'reject') await answer('reject', status === 'PENDING', { ...state, status: 'REJECTED' });
        else if (step === 'block') await answer('block', channel === null, { ...state, status: 'BLOCKED' });
        else if (step === 'unblock')
          await answer('unblock', true, { ...state, status: status === 'BLOCKED' ? 'PENDING' : status });
        else if (step === 'forget' && channel !== null) {
          await remove(channel);
          state.channel = null;
        } else if (step === 'channel' && channel === null) {
          const channels = [{ integrationConfigId: here.config, address }];
          state = { ...state, status: 'APPROVED', channel: await createParticipant(service.tenant, { channels }) };
        }
        expect(await stranger(here, address, 0)).toMatchObject({
          status: state.status,
          messageCount: state.messages,
          droppedMessageCount: state.dropped,
        });
      }
    }),
    { numRuns: 12 },
  );
});

test('a list of an agent’s senders hears of each change', async () => {
  const [here, there] = [await place(), await place()];
  const stream = await subscribe(
    service.app,
    await service.tenant.token(),
    'subscription ($id: ID) { unknownSenderChanged(agentId: $id) { unknownSender { address status messageCount } } }',
    { id: here.agent },
  );
  const next = async () => (await stream.next())?.data.unknownSenderChanged.unknownSender;
  let heard = next();
  await send(there, 'U0THERE');
  const { id } = await stranger(here, 'U0HERE');
  expect(await heard).toEqual({ address: 'U0HERE', status: 'PENDING', messageCount: 1 });
  heard = next();
  await decided('reject', { id });
  expect(await heard).toEqual({ address: 'U0HERE', status: 'REJECTED', messageCount: 1 });
  heard = next();
  await send(here, 'U0HERE');
  expect(await heard).toEqual({ address: 'U0HERE', status: 'PENDING', messageCount: 1 });
  await stream.leave();
});
