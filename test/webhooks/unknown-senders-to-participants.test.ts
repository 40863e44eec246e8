import { describe, expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { fromGeneric, slackSecret } from '../fakes/deliveries.ts';
import { useApp } from '../use-app.ts';
import { nobody, strangersOf } from './strangers.ts';
import { bindingOf, channelsOf, generate, unknownSenders } from './webhooks.ts';

const service = useApp({ SLACK_SIGNING_SECRET: slackSecret });
const { place, send, senders, stranger, mutate, make, made } = strangersOf(service);

describe('a participant made of an unknown sender', () => {
  test('has its address, its messages, its name and its agent', async () => {
    const here = await place();
    const sender = await stranger(here, 'U0NEW', 3);
    const participant = await made({ unknownSenderId: sender.id });
    expect(participant).toMatchObject({
      kind: 'PERSON',
      displayName: 'U0NEW',
      email: null,
      agentIds: [here.agent],
      channels: [
        { integrationConfigId: here.config, address: 'U0NEW', messageCount: 3, lastMessageAt: sender.lastMessageAt },
      ],
    });
    expect(await senders(here)).toEqual([]);
    await send(here, 'U0NEW');
    expect(await senders(here)).toEqual([]);
    expect((await channelsOf(service.tenant, participant.id))[0]?.messageCount).toBe(4);
  });

  test('is otherwise as it is told', async () => {
    const here = await place();
    const agent = await createAgent(service.tenant);
    const sender = await stranger(here, 'C0GROUP');
    const input = {
      unknownSenderId: sender.id,
      kind: 'GROUP',
      displayName: ' The lot ',
      email: 'lot@example.com',
      agentIds: [agent],
    };
    expect(await made(input)).toMatchObject({
      kind: 'GROUP',
      displayName: 'The lot',
      email: 'lot@example.com',
      agentIds: [agent],
    });
    const other = await stranger(here, 'U0LONELY');
    expect(await made({ unknownSenderId: other.id, agentIds: [] })).toMatchObject({ agentIds: [] });
  });

  test('is called what it can be called', async () => {
    const config = await createConfig(service.tenant, 'carrier-pigeon');
    const anybody = await createParticipant(service.tenant, { agentIds: [await createAgent(service.tenant)] });
    const { url, secret } = await generate(service.tenant, {
      integrationConfigId: config,
      bindingId: await bindingOf(service.tenant, anybody),
    });
    for (const from of ['x'.repeat(4_000), ' ', '🕊'.repeat(200)])
      await service.app.fetch(fromGeneric(url, secret, { from }));
    const names = [];
    for (const { id } of await unknownSenders(service.tenant, { integrationConfigId: config }))
      names.push((await made({ unknownSenderId: id })).displayName);
    expect(names.sort()).toEqual(['x'.repeat(150), 'Unknown sender', '🕊'.repeat(150)].sort());
  });

  test('is not made of what breaks a rule; then nothing is', async () => {
    const here = await place();
    const { id } = await stranger(here, 'U0STAYS');
    for (const [input, code, path] of [
      [{ kind: 'AI_AGENT' }, 'VALIDATION_FAILED', 'kind'],
      [{ displayName: ' ' }, 'VALIDATION_FAILED', 'displayName'],
      [{ email: 'nonsense' }, 'VALIDATION_FAILED', 'email'],
      [{ agentIds: ['nobody'] }, 'AGENT_NOT_FOUND', undefined],
    ] as const) {
      const answer = await make({ unknownSenderId: id, ...input });
      expect([problemOf(answer).code, answer.errors?.[0]?.extensions.errors?.[0]?.path.at(-1)]).toEqual([code, path]);
    }
    for (const unknownSenderId of [nobody, 'no id'])
      expect(problemOf(await make({ unknownSenderId }))).toEqual({ code: 'UNKNOWN_SENDER_NOT_FOUND', status: 404 });
    expect(await senders(here)).toMatchObject([{ id, messageCount: 1 }]);
  });

  test('is made once, however many do it at once, while its messages come in', async () => {
    const here = await place();
    const { id } = await stranger(here, 'U0WANTED', 2);
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: 8 }, () => make({ unknownSenderId: id }))),
      Promise.all(Array.from({ length: 30 }, () => send(here, 'U0WANTED'))),
    ]);
    const good = answers.filter(({ errors }) => !errors);
    expect(good).toHaveLength(1);
    expect(new Set(answers.filter(({ errors }) => errors).map((answer) => problemOf(answer).code))).toEqual(
      new Set(['UNKNOWN_SENDER_NOT_FOUND']),
    );
    const participant = dataOf(good[0]!).createParticipantFromUnknownSender.participant;
    expect(await channelsOf(service.tenant, participant.id)).toMatchObject([{ messageCount: 32 }]);
    expect(await senders(here)).toEqual([]);
  });
});

describe('an unknown sender whose address a participant gets', () => {
  test('becomes known: by its own mutation', async () => {
    const here = await place();
    const ada = await createParticipant(service.tenant, {
      channels: [{ integrationConfigId: here.config, address: 'U0ADA' }],
    });
    const sender = await stranger(here, 'U0ADA2', 2);
    const input = { unknownSenderId: sender.id, participantId: ada };
    const { participant } = dataOf(await mutate('addUnknownSenderToParticipant', input)).addUnknownSenderToParticipant;
    expect(participant).toMatchObject({
      id: ada,
      agentIds: [],
      channels: [
        { address: 'U0ADA', messageCount: 0, lastMessageAt: null },
        { address: 'U0ADA2', messageCount: 2, lastMessageAt: sender.lastMessageAt },
      ],
    });
    expect(await senders(here)).toEqual([]);
    expect(problemOf(await mutate('addUnknownSenderToParticipant', input)).code).toBe('UNKNOWN_SENDER_NOT_FOUND');
    const other = await stranger(here, 'U0OTHER');
    expect(
      problemOf(await mutate('addUnknownSenderToParticipant', { unknownSenderId: other.id, participantId: nobody }))
        .code,
    ).toBe('PARTICIPANT_NOT_FOUND');
    const full = await createParticipant(service.tenant, {
      channels: Array.from({ length: 100 }, (_, index) => ({
        integrationConfigId: here.config,
        address: `UFULL${index}`,
      })),
    });
    expect(
      problemOf(await mutate('addUnknownSenderToParticipant', { unknownSenderId: other.id, participantId: full })).code,
    ).toBe('VALIDATION_FAILED');
    expect(await senders(here)).toMatchObject([{ id: other.id }]);
  });

  test('becomes known: by createParticipant and updateParticipant, in any spelling', async () => {
    const here = await place();
    const sender = await stranger(here, 'U0BO', 3);
    const elsewhere = await place();
    await stranger(elsewhere, 'U0BO');
    const bo = await createParticipant(service.tenant, {
      channels: [{ integrationConfigId: here.config, address: 'U0BO' }],
    });
    expect(await channelsOf(service.tenant, bo)).toEqual([
      { address: 'U0BO', messageCount: 3, lastMessageAt: sender.lastMessageAt },
    ]);
    expect(await senders(here)).toEqual([]);
    expect(await senders(elsewhere)).toMatchObject([{ address: 'U0BO' }]);

    const config = await createConfig(service.tenant, 'whatsapp');
    const cy = await createParticipant(service.tenant, { agentIds: [await createAgent(service.tenant)] });
    const { url, secret } = await generate(service.tenant, {
      integrationConfigId: config,
      bindingId: await bindingOf(service.tenant, cy),
    });
    await service.app.fetch(fromGeneric(url, secret, { from: '14155550155', name: 'Cy' }));
    expect(await unknownSenders(service.tenant, { integrationConfigId: config })).toMatchObject([
      { displayName: 'Cy' },
    ]);
    dataOf(
      await mutate('updateParticipant', {
        participantId: cy,
        channels: [{ integrationConfigId: config, address: '+1 415-555-0155' }],
      }),
    );
    expect(await channelsOf(service.tenant, cy)).toMatchObject([{ address: '+1 415-555-0155', messageCount: 1 }]);
    expect(await unknownSenders(service.tenant, { integrationConfigId: config })).toEqual([]);
  });

  test('becomes known for all running transactions', async () => {
    for (let round = 0; round < 5; round += 1) {
      const here = await place();
      const creating: Promise<string>[] = [];
      const sending: Promise<void>[] = [];
      for (let index = 0; index < 12; index += 1) {
        sending.push(send(here, `U0R${index}`), send(here, `U0R${index}`));
        creating.push(
          createParticipant(service.tenant, {
            channels: [{ integrationConfigId: here.config, address: `U0R${index}` }],
          }),
        );
        await new Promise((resolve) => setTimeout(resolve, round * 2));
        sending.push(send(here, `U0R${index}`));
      }
      await Promise.all(sending);
      const counts = await Promise.all(
        creating.map(async (id) => (await channelsOf(service.tenant, await id))[0]?.messageCount),
      );
      expect(counts).toEqual(counts.map(() => 3));
      expect(await senders(here)).toEqual([]);
    }
  });
});
