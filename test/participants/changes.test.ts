import { EventEmitter } from 'node:events';
import { createClient } from 'graphql-ws';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { newId } from '../../src/database/ids.ts';
import { dataOf, type TestTenant } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { upload } from '../uploads.ts';
import { useApp } from '../use-app.ts';
import { changesOf, document } from './contact-changes.ts';

const service = useApp({ PORT: '0' });
let url: string;
beforeAll(async () => {
  ({ url } = await service.app.listen());
});
let tenant: TestTenant;
let agentId: string;
beforeEach(async () => {
  tenant = await service.createTenant();
  agentId = await createAgent(tenant);
});
const { listen, change, contacts } = changesOf(service, () => ({ tenant, agentId }));

describe('participantChanged', () => {
  test('tells what changes about a contact, as it is now', async () => {
    const config = await createConfig(tenant, 'slack', 'xoxb-good');
    const other = await createAgent(tenant);
    const stream = await listen();
    let heard = stream.event();
    const participantId = await createParticipant(tenant, { displayName: 'Ada', agentIds: [agentId, other] });
    const named = (expected: object) => ({
      agentId,
      everything: false,
      removedIds: [],
      participants: [{ id: participantId, ...expected }],
    });
    expect(await heard).toMatchObject(named({ displayName: 'Ada', health: { reason: 'NO_CHANNEL' } }));

    const steps: [() => Promise<unknown>, object][] = [
      [() => change('updateParticipant', { participantId, displayName: 'Ada L.' }), { displayName: 'Ada L.' }],
      [
        () =>
          change('updateParticipant', { participantId, channels: [{ integrationConfigId: config, address: 'U0ADA' }] }),
        { channels: [{ address: 'U0ADA' }], health: { reason: null } },
      ],
      [() => change('disconnectIntegration', { id: config }), { health: { reason: 'NOT_CONNECTED' } }],
      [() => change('connectIntegration', { id: config, token: 'xoxb-good' }), { health: { reason: null } }],
      [() => change('disableParticipant', { participantId }), { health: { reason: 'DISABLED' } }],
      [() => change('enableParticipant', { participantId }), { health: { reason: null } }],
      [
        async () => dataOf(await upload(service, tenant, participantId, await png())),
        { avatarUrl: expect.any(String) },
      ],
      [() => change('removeParticipantAvatar', { participantId }), { avatarUrl: null }],
    ];
    for (const [step, expected] of steps) {
      heard = stream.event();
      await step();
      expect(await heard).toMatchObject(named(expected));
    }

    const db = service.app.database.forTenant(tenant.id);
    for (const say of [
      () => db.announce('messagesReceived', { participantIds: [participantId] }),
      () => db.announce('avatarSynced', { participantId, error: null, occurredAt: new Date().toISOString() }),
    ]) {
      heard = stream.event();
      say();
      expect(await heard).toMatchObject(named({}));
    }
    await stream.leave();
  });

  test('tells who is no contact any more, however that came', async () => {
    const other = await createAgent(tenant);
    const [unbound, replaced, deleted] = [
      await createParticipant(tenant, { agentIds: [agentId] }),
      await createParticipant(tenant, { agentIds: [other, agentId] }),
      await createParticipant(tenant, { agentIds: [agentId, other] }),
    ];
    const stream = await listen();
    const elsewhere = await listen(other);
    for (const [id, step] of [
      [unbound, () => change('unbindParticipant', { participantId: unbound, agentId })],
      [replaced, () => change('updateParticipant', { participantId: replaced, agentIds: [other] })],
      [deleted, () => change('deleteParticipant', { participantId: deleted })],
    ] as const) {
      const heard = stream.event();
      const heardElsewhere = id === unbound ? null : elsewhere.event();
      await step();
      expect(await heard).toMatchObject({ removedIds: [id], participants: [], everything: false });
      if (id === replaced) expect(await heardElsewhere).toMatchObject({ removedIds: [], participants: [{ id }] });
      if (id === deleted) expect(await heardElsewhere).toMatchObject({ removedIds: [id], participants: [] });
    }
    const heard = stream.event();
    expect(await change('bindParticipant', { participantId: unbound, agentId }, 'created')).toEqual({ created: true });
    expect(await heard).toMatchObject({ removedIds: [], participants: [{ id: unbound }] });
    await stream.leave();
    await elsewhere.leave();
  });

  test('tells nothing of what changes nothing, of others’ contacts, and of syncs that failed', async () => {
    const other = await createAgent(tenant);
    const ada = await createParticipant(tenant, { displayName: 'Ada', agentIds: [agentId] });
    const bo = await createParticipant(tenant, { agentIds: [other] });
    const nobody = await listen('nobody');
    const nothing = nobody.event();
    const stream = await listen();
    const heard = stream.event();
    await change('enableParticipant', { participantId: ada });
    await change('bindParticipant', { participantId: ada, agentId });
    await change('unbindParticipant', { participantId: bo, agentId });
    await change('updateParticipant', { participantId: ada });
    await change('removeParticipantAvatar', { participantId: ada });
    await tenant.graphql(
      'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
      { input: { participantId: ada, integrationConfigId: newId(), address: 'U0NOBODY' } },
    );
    await change('disableParticipant', { participantId: bo });
    await change('deleteParticipant', { participantId: bo });
    await change('createParticipant', { kind: 'PERSON', displayName: 'Nobody’s' });
    await tenant.graphql(
      'mutation { updateParticipant(input: { participantId: "x", displayName: "y" }) { __typename } }',
    );
    const last = await createParticipant(tenant, { agentIds: [agentId] });
    // What was told of anything above would have come with it, or before.
    expect((await heard).participants.map(({ id }) => id)).toEqual([last]);
    expect(await Promise.race([nothing, 'silence'])).toBe('silence');
    await stream.leave();
    await nobody.leave();
  });

  test('tells nothing of what was rolled back', async () => {
    const ada = await createParticipant(tenant, { displayName: 'Ada', agentIds: [agentId] });
    const stream = await listen();
    const heard = stream.event();
    const input = { participantId: ada, displayName: 'Never', agentIds: ['missing-agent'] };
    await tenant.graphql(
      'mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { __typename } }',
      {
        input,
      },
    );
    const last = await createParticipant(tenant, { agentIds: [agentId] });
    expect((await heard).participants.map(({ id }) => id)).toEqual([last]);
    await stream.leave();
  });

  test('names a participant that was unbound and bound again as a contact', async () => {
    const [ada] = (await contacts(1)) as [string];
    const gone = newId();
    const stream = await listen();
    const heard = stream.event();
    service.app.database.forTenant(tenant.id).announce('participantChanged', {
      participantIds: [],
      unbound: [ada, gone].map((participantId) => ({ participantId, agentId })),
      integrationConfigId: null,
    });
    expect(await heard).toMatchObject({ participants: [{ id: ada }], removedIds: [gone] });
    await stream.leave();
  });

  test('is refused to an agent’s key', async () => {
    const { headers } = await createAgentKey(tenant, agentId);
    const answer = await service.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...headers },
        body: JSON.stringify({ query: document, variables: { agentId } }),
      }),
    );
    expect(await answer.text()).toContain('FORBIDDEN');
  });

  test('comes over a WebSocket too', async () => {
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: `Bearer ${await tenant.token()}` },
      retryAttempts: 0,
    });
    const results = client.iterate({ query: document, variables: { agentId } })[Symbol.asyncIterator]();
    const heard = results.next();
    const id = await createParticipant(tenant);
    // The socket is opened meanwhile: somebody is bound until that is heard.
    let done = false;
    const first = heard.finally(() => {
      done = true;
    });
    await until(async () => {
      await change('unbindParticipant', { participantId: id, agentId });
      await change('bindParticipant', { participantId: id, agentId });
      return done;
    });
    const { participantChanged } = (await first).value.data;
    expect([
      ...participantChanged.removedIds,
      ...participantChanged.participants.map((one: { id: string }) => one.id),
    ]).toEqual([id]);
    await results.return?.();
    await client.dispose();
  });

  test('leaves nothing behind when its client leaves', async () => {
    const on = vi.spyOn(EventEmitter.prototype, 'on');
    const stream = await listen();
    const topics = ['participantChanged', 'avatarSynced', 'messagesReceived'].map((name) => `${name}:${tenant.id}`);
    await until(() => topics.every((topic) => on.mock.calls.some(([name]) => name === topic)));
    const emitter = on.mock.instances[
      on.mock.calls.findIndex(([name]) => name === topics[0])
    ] as unknown as EventEmitter;
    on.mockRestore();
    expect(topics.map((topic) => emitter.listenerCount(topic))).toEqual([1, 1, 1]);
    await stream.leave();
    await until(() => topics.every((topic) => emitter.listenerCount(topic) === 0));
  });
});
