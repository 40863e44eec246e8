import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import WebSocket from 'ws';
import { newId } from '../../src/database/ids.ts';
import { contactChanges } from '../../src/directory/participants/changes.ts';
import { createMemoryBus } from '../../src/events/bus.ts';
import { dataOf, startApp, type TestApp, type TestTenant } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAgent, createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { subscribe } from '../streams.ts';
import { upload } from '../uploads.ts';

let service: TestApp;
let url: string;
let tenant: TestTenant;
let agentId: string;
beforeAll(async () => {
  service = await startApp({ PORT: '0' });
  ({ url } = await service.app.listen());
});
beforeEach(async () => {
  tenant = await service.createTenant();
  agentId = await createAgent(tenant);
});
afterAll(() => service.close());

type Event = {
  agentId: string;
  participants: { id: string; displayName: string; avatarUrl: string | null; health: { reason: string | null } }[];
  removedIds: string[];
  everything: boolean;
  occurredAt: string;
};
const document = `subscription ($agentId: ID!) { participantChanged(agentId: $agentId) {
  agentId removedIds everything occurredAt participants { id displayName avatarUrl channels { address } health { reason } } } }`;

const listen = async (agent = agentId, of = tenant) => {
  const stream = await subscribe(service.app, await of.token(), document, { agentId: agent });
  return { ...stream, event: async (): Promise<Event> => (await stream.next())?.data.participantChanged };
};
const change = async (name: string, input: object, selection = '__typename') =>
  dataOf(
    await tenant.graphql(
      `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selection} } }`,
      { input },
    ),
  )[name];
const announce = (participantIds: string[], more: { integrationConfigId?: string } = {}) =>
  service.app.database
    .forTenant(tenant.id)
    .announce('participantChanged', { participantIds, unbound: [], integrationConfigId: null, ...more });

/** Contacts of the agent, written at once; with a channel of the config, if given. */
async function contacts(count: number, config?: { id: string; provider: string }): Promise<string[]> {
  const { prisma } = service.app.database;
  const tenantId = tenant.id;
  const ids = Array.from({ length: count }, newId);
  await prisma.participant.createMany({ data: ids.map((id) => ({ tenantId, id, kind: 'PERSON', displayName: id })) });
  await prisma.binding.createMany({
    data: ids.map((participantId) => ({ tenantId, id: newId(), participantId, agentId })),
  });
  if (config) {
    const channel = {
      tenantId,
      integrationConfigId: config.id,
      provider: config.provider,
      address: 'U0ADA',
      addressValid: true,
    };
    await prisma.channel.createMany({ data: ids.map((participantId) => ({ ...channel, id: newId(), participantId })) });
  }
  return ids;
}

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

  test('is no more than a handful of events for a burst, and misses nobody', async () => {
    const ids = await contacts(60);
    const others = Array.from({ length: 40 }, newId);
    const stream = await listen();
    const first = stream.event();
    for (let count = 0; count < 500; count++) announce([ids[count % 60] as string, others[count % 40] as string]);
    const events = [await first];
    const seen = () => new Set(events.flatMap(({ participants }) => participants.map(({ id }) => id)));
    while (seen().size < 60) events.push(await stream.event());
    expect(events.length).toBeLessThanOrEqual(3);
    expect(seen()).toEqual(new Set(ids));
    await stream.leave();
  });

  test('covers every change in the end, however they come', async () => {
    const ids = await contacts(20);
    const marker = await createParticipant(tenant, { agentIds: [agentId] });
    const step = fc.record({
      changed: fc.array(fc.nat({ max: 19 }), { maxLength: 6 }),
      wait: fc.constantFrom('no', 'a turn', 'an event'),
    });
    const stream = await listen();
    let next = stream.event();
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        const changed = new Set<string>();
        const told = new Set<string>();
        const take = async () => {
          const { participants, everything } = await next;
          next = stream.event();
          expect(everything).toBe(false);
          for (const { id } of participants) told.add(id);
        };
        for (const { changed: places, wait } of steps) {
          const some = places.map((place) => ids[place] as string);
          for (const id of some) changed.add(id);
          announce(some);
          if (wait === 'a turn') await new Promise((resolve) => setImmediate(resolve));
          if (wait === 'an event' && changed.size > told.size) await take();
        }
        announce([marker]);
        while (!told.has(marker)) await take();
        told.delete(marker);
        expect(told).toEqual(changed);
      }),
      { numRuns: 10 },
    );
    await stream.leave();
  });

  test('names a hundred at most, and asks to read again where there are more', async () => {
    const config = await createConfig(tenant, 'slack', 'xoxb-good');
    const ids = await contacts(101, { id: config, provider: 'slack' });
    const stream = await listen();
    const everything = { participants: [], removedIds: [], everything: true };
    let heard = stream.event();
    announce(ids.slice(1));
    expect((await heard).participants.map(({ id }) => id).sort()).toEqual(ids.slice(1).sort());
    for (const say of [
      () => announce(ids),
      () => announce([], { integrationConfigId: config }),
      // Too many to remember.
      () => announce(Array.from({ length: 10_001 }, newId)),
      () =>
        service.app.database.forTenant(tenant.id).announce('participantChanged', {
          participantIds: ids.slice(2),
          unbound: [newId(), newId()].map((participantId) => ({ participantId, agentId })),
          integrationConfigId: null,
        }),
    ]) {
      heard = stream.event();
      say();
      expect(await heard).toMatchObject(everything);
    }
    await stream.leave();
  });

  test('costs one statement an event, and what is selected', async () => {
    const ids = await contacts(30);
    const stream = await subscribe(
      service.app,
      await tenant.token(),
      'subscription ($agentId: ID!) { participantChanged(agentId: $agentId) { participants { id health { reachable } } } }',
      { agentId },
    );
    const heard = stream.next();
    const before = service.statements.length;
    announce(ids);
    await heard;
    expect(service.statements.length - before).toBe(2);
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

describe('the changes of an agent’s contacts', () => {
  test('are told at once, and then not before a quarter of a second is over', async () => {
    const [ada, bo, cy] = (await contacts(3)) as [string, string, string];
    const db = service.app.database.forTenant(tenant.id);
    const bus = createMemoryBus();
    const say = (...participantIds: string[]) =>
      bus.announce(tenant.id, 'participantChanged', { participantIds, unbound: [], integrationConfigId: null });
    const idsOf = ({ value }: IteratorResult<{ participants: { id: string }[] }>) =>
      value.participants.map(({ id }: { id: string }) => id);
    const settle = async () => {
      // All reads have finished by now.
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      await createAgent(tenant);
    };
    let reads = 0;
    const changes = contactChanges(db, bus, agentId, () => reads++);
    const first = changes.next();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      say(ada);
      expect(idsOf(await first)).toEqual([ada]);
      let told = false;
      const second = changes.next().finally(() => {
        told = true;
      });
      await settle();
      say(bo);
      await settle();
      say(cy, bo);
      vi.advanceTimersByTime(249);
      await settle();
      expect([told, reads]).toEqual([false, 1]);
      vi.advanceTimersByTime(1);
      expect(idsOf(await second).sort()).toEqual([bo, cy].sort());
      expect(reads).toBe(2);
      // To leave while it waits ends it.
      await changes.return();
      expect(await changes.next()).toMatchObject({ done: true });
    } finally {
      vi.useRealTimers();
    }
  });

  test('end with what went wrong where they cannot be read', async () => {
    const [ada] = (await contacts(1)) as [string];
    const db = { ...service.app.database.forTenant(tenant.id), query: () => Promise.reject(new Error('away')) };
    const bus = createMemoryBus();
    const changes = contactChanges(db as never, bus, agentId, () => {});
    const first = changes.next();
    bus.announce(tenant.id, 'messagesReceived', { participantIds: [ada] });
    await expect(first).rejects.toThrow('away');
    expect(await changes.next()).toMatchObject({ done: true });
  });
});
