import { describe, expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { fromTelegram, slackSecret, telegramMessage } from '../fakes/deliveries.ts';
import { useApp } from '../use-app.ts';
import { nobody, strangersOf } from './strangers.ts';
import { generate, type UnknownSender, unknownSenders } from './webhooks.ts';

const service = useApp({ SLACK_SIGNING_SECRET: slackSecret });
const { place, send, senders, stranger, mutate } = strangersOf(service);

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
