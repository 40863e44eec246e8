import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import {
  fromGeneric,
  fromSlack,
  fromTelegram,
  slackMessage,
  slackSecret,
  telegramMessage,
} from '../fakes/deliveries.ts';
import { bindingOf, channelsOf, generate, type UnknownSender, unknownSenders, type Webhook } from './webhooks.ts';

let service: TestApp;
beforeAll(async () => {
  service = await startApp({ SLACK_SIGNING_SECRET: slackSecret });
});
afterAll(() => service.close());

type Place = Webhook & { config: string; agent: string };

async function place(provider = 'slack'): Promise<Place> {
  const agent = await createAgent(service.tenant);
  const config = await createConfig(service.tenant, provider);
  return { ...(await generate(service.tenant, { integrationConfigId: config, agentId: agent })), config, agent };
}
const send = async ({ url }: Place, user: string, ts?: number) => {
  const response = await service.app.fetch(
    fromSlack(url, slackMessage(user, ts === undefined ? {} : { ts: `${ts}.000100` })),
  );
  expect(response.status).toBe(200);
};
const senders = ({ config }: Place) => unknownSenders(service.tenant, { integrationConfigId: config });
/** An unknown sender with so many messages. */
async function stranger(at: Place, address: string, messages = 1): Promise<UnknownSender> {
  for (let message = 0; message < messages; message += 1) await send(at, address);
  return (await senders(at)).find((each) => each.address === address)!;
}
const mutate = (name: string, input: object, headers?: Record<string, string>) =>
  service.tenant.graphql(
    `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${
      name === 'dismissUnknownSender'
        ? 'dismissedId'
        : 'participant { id kind displayName email agentIds modifiedAt channels { integrationConfigId address lastMessageAt messageCount health { reachable } } }'
    } } }`,
    { input },
    headers,
  );
const make = (input: object) => mutate('createParticipantFromUnknownSender', input);
const made = async (input: object) => dataOf(await make(input)).createParticipantFromUnknownSender.participant;
const nobody = '0198f000-0000-7000-8000-000000000000';

describe('an unknown sender', () => {
  test('shows up with its count, its times and the agent whose webhook it came through', async () => {
    const here = await place();
    const [first, last] = [Math.floor(Date.now() / 1_000) - 500, Math.floor(Date.now() / 1_000) - 100];
    for (const ts of [last, first, last - 50]) await send(here, 'U0NEW', ts);
    const document = `{ unknownSendersConnection(first: 1, filter: { integrationConfigId: "${here.config}" }) { totalCount nodes {
      provider integrationConfigId integrationConfig { id } agent { id } address displayName messageCount firstMessageAt lastMessageAt } } }`;
    const answer = await service.tenant.graphql(document);
    expect(dataOf(answer).unknownSendersConnection).toEqual({
      totalCount: 1,
      nodes: [
        {
          provider: 'slack',
          integrationConfigId: here.config,
          integrationConfig: { id: here.config },
          agent: { id: here.agent },
          address: 'U0NEW',
          displayName: null,
          messageCount: 3,
          firstMessageAt: new Date(first * 1_000).toISOString(),
          lastMessageAt: new Date(last * 1_000).toISOString(),
        },
      ],
    });
    expect(answer.statements).toHaveLength(4);
  });

  test('has the name that it gave last', async () => {
    const config = await createConfig(service.tenant, 'telegram');
    const { url, secret } = await generate(service.tenant, { integrationConfigId: config });
    for (const name of [
      { first_name: 'A' },
      { first_name: 'B', last_name: 'C' },
      { first_name: '\0 \ud800' },
      { first_name: 'x'.repeat(400) },
    ])
      await service.app.fetch(fromTelegram(url, secret, telegramMessage(42, name)));
    expect(await unknownSenders(service.tenant, { integrationConfigId: config })).toMatchObject([
      { displayName: 'x'.repeat(150), messageCount: 4, agentId: null },
    ]);
  });

  test('stands in a list, those heard of last first, page by page', async () => {
    const here = await place();
    const now = Math.floor(Date.now() / 1_000);
    // Some at the very same time.
    for (let index = 0; index < 7; index += 1) await send(here, `U0P${index}`, now - Math.floor(index / 3) * 10);
    const all = (await senders(here)).map(({ address }) => address);
    expect(all.map((address) => Math.floor(Number(address.slice(-1)) / 3))).toEqual([0, 0, 0, 1, 1, 1, 2]);
    const page = async (args: string) => {
      const { unknownSendersConnection } = dataOf(
        await service.tenant.graphql(
          `{ unknownSendersConnection(${args}, filter: { agentId: "${here.agent}" }) { nodes { address } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } }`,
        ),
      );
      return {
        ...unknownSendersConnection,
        addresses: unknownSendersConnection.nodes.map(({ address }: UnknownSender) => address),
      };
    };
    const forward: string[] = [];
    for (let after = ''; ; ) {
      const { addresses, pageInfo } = await page(`first: 2${after}`);
      forward.push(...addresses);
      if (!pageInfo.hasNextPage) break;
      after = `, after: "${pageInfo.endCursor}"`;
    }
    expect(forward).toEqual(all);
    const backward: string[] = [];
    for (let before = ''; ; ) {
      const { addresses, pageInfo } = await page(`last: 2${before}`);
      backward.unshift(...addresses);
      if (!pageInfo.hasPreviousPage) break;
      before = `, before: "${pageInfo.startCursor}"`;
    }
    expect(backward).toEqual(all);
    const forged = Buffer.from(JSON.stringify(['yesterday', nobody])).toString('base64url');
    const answer = await service.tenant.graphql(`{ unknownSendersConnection(after: "${forged}") { totalCount } }`);
    expect(problemOf(answer).code).toBe('VALIDATION_FAILED');
  });
});

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

test('an unknown sender can be dismissed, and comes back with its next message', async () => {
  const here = await place();
  const { id } = await stranger(here, 'U0SPAM', 4);
  expect(dataOf(await mutate('dismissUnknownSender', { unknownSenderId: id })).dismissUnknownSender).toEqual({
    dismissedId: id,
  });
  expect(await senders(here)).toEqual([]);
  expect(problemOf(await mutate('dismissUnknownSender', { unknownSenderId: id }))).toEqual({
    code: 'UNKNOWN_SENDER_NOT_FOUND',
    status: 404,
  });
  expect(await stranger(here, 'U0SPAM')).toMatchObject({ messageCount: 1 });
});

test('unknown senders are read with participants:read and changed with participants:write', async () => {
  const here = await place();
  const { id: unknownSenderId } = await stranger(here, 'U0SCOPED');
  const as = async (scope: 'participants:read' | 'participants:write' | 'integrations:write') => ({
    authorization: `Bearer ${await service.tenant.token([scope])}`,
  });
  const list = async (headers: Record<string, string>) =>
    service.tenant.graphql('{ unknownSendersConnection { totalCount } }', {}, headers);
  expect(problemOf(await list(await as('integrations:write'))).code).toBe('FORBIDDEN');
  expect((await list(await as('participants:read'))).errors).toBe(undefined);
  const participantId = await createParticipant(service.tenant);
  for (const [name, input] of [
    ['createParticipantFromUnknownSender', { unknownSenderId }],
    ['addUnknownSenderToParticipant', { unknownSenderId, participantId }],
    ['dismissUnknownSender', { unknownSenderId }],
  ] as const)
    expect(problemOf(await mutate(name, input, await as('participants:read'))).code).toBe('FORBIDDEN');
  expect((await mutate('dismissUnknownSender', { unknownSenderId }, await as('participants:write'))).errors).toBe(
    undefined,
  );
});
