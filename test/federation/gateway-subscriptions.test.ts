import { createGatewayRuntime } from '@graphql-hive/gateway-runtime';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { newId } from '../../src/database/ids.ts';
import { dataOf, type Untyped } from '../app.ts';
import { createAgentKey } from '../factories.ts';
import { openStream } from '../streams.ts';
import { createWorld, type World } from '../tenants/world.ts';
import { type Subgraphs, startSubgraphs } from './supergraph.ts';

let subgraphs: Subgraphs;
let service: Subgraphs['service'];
let world: World;
beforeAll(async () => {
  subgraphs = await startSubgraphs();
  ({ service } = subgraphs);
  world = await createWorld(service, 'gateway', '+14155550191');
  subgraphs.others.tickets.push({ id: '1', aboutEmail: world.email, assigneeId: world.participant });
});
afterAll(async () => {
  await subgraphs?.close();
});

const credentials = {
  authorization: '{context.headers.authorization}',
  'agent-secret-key': '{context.headers["agent-secret-key"]}',
};
const avatars =
  'subscription ($ids: [ID!]) { participantAvatarSynced(participantIds: $ids) { outcome participant { id displayName ticketCount } } }';
const ensure =
  'mutation ($input: EnsureConversationParticipantInput!) { ensureConversationParticipant(input: $input) { created } }';
const sync = async () => {
  await world.tenant.graphql(
    'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
    { input: { participantId: world.participant, integrationConfigId: world.config, address: 'nobody' } },
  );
};

describe.each<[string, Untyped]>([
  ['Server-Sent Events', undefined],
  [
    'WebSocket, with the credential in the connection’s payload',
    { kind: 'ws', options: { connectionParams: credentials } },
  ],
  ['WebSocket, with the credential in headers', { kind: 'ws', headers: Object.entries(credentials) }],
])('by %s', (_, subscriptions) => {
  let gateway: ReturnType<typeof createGatewayRuntime>;
  beforeAll(() => {
    gateway = createGatewayRuntime({
      supergraph: subgraphs.supergraph,
      logging: false,
      maskedErrors: false,
      ...(subscriptions && { transportEntries: { rollcall: { options: { subscriptions } } } }),
      propagateHeaders: {
        fromClientToSubgraphs: ({ request }) => ({
          authorization: request.headers.get('authorization'),
          'agent-secret-key': request.headers.get('agent-secret-key'),
        }),
      },
    });
  });
  afterAll(() => gateway?.[Symbol.asyncDispose]());

  const open = (headers: Record<string, string>, query: string, variables: Record<string, unknown> = {}) =>
    openStream(async (request) => gateway.fetch(request), 'http://gateway.example/graphql', headers, query, variables);
  const bearer = async () => ({ authorization: `Bearer ${await world.tenant.token()}` });

  test('a subscription goes through the gateway, with fields of both subgraphs', async () => {
    const stream = await open(await bearer(), avatars, { ids: [world.participant] });
    const heard = stream.next();
    await until(heard, sync);
    expect(await heard).toEqual({
      data: {
        participantAvatarSynced: {
          outcome: 'FAILED',
          participant: { id: world.participant, displayName: 'Person of gateway', ticketCount: 1 },
        },
      },
    });
    await stream.leave();
  });

  test('each client comes with its own credential, and has its own rights', async () => {
    const query = 'subscription ($id: ID!) { conversationParticipantChanged(conversationId: $id) { change } }';
    const key = await createAgentKey(world.tenant, world.agent);
    const poor = { authorization: `Bearer ${await world.tenant.token(['participants:read'])}` };
    const foreign = { authorization: `Bearer ${await (await service.createTenant()).token()}` };
    const [agent, ...refused] = await Promise.all(
      [key.headers, poor, foreign].map((headers) => open(headers, query, { id: world.conversation })),
    );
    const codes = await Promise.all(refused.map(async (stream) => (await stream.next())?.errors?.[0]?.extensions.code));
    expect(codes).toEqual(['FORBIDDEN', 'CONVERSATION_NOT_FOUND']);
    const heard = agent?.next();
    await until(heard, async () => {
      const input = { conversationId: world.conversation, participant: { flow: { id: newId() } } };
      dataOf(await world.tenant.graphql(ensure, { input }));
    });
    expect(await heard).toEqual({ data: { conversationParticipantChanged: { change: 'ADDED' } } });
    await Promise.all([agent, ...refused].map((stream) => stream?.leave()));
  });

  test('by that protocol and no other', async () => {
    const upgrades = vi.spyOn(WebSocketServer.prototype, 'handleUpgrade');
    const stream = await open(await bearer(), avatars, { ids: [world.participant] });
    await until(stream.next(), sync);
    expect(upgrades).toHaveBeenCalledTimes(subscriptions ? 1 : 0);
    upgrades.mockRestore();
    await stream.leave();
  });
});

/** Nobody says when a stream is open, so what it tells of is repeated until it is heard. */
async function until(heard: Promise<unknown> | undefined, happen: () => Promise<void>): Promise<void> {
  let open = true;
  const over = heard?.then(() => {
    open = false;
  });
  for (let tries = 0; open && tries < 50; tries++) {
    await happen();
    await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 200))]);
  }
}
