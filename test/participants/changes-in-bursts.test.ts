import fc from 'fast-check';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { contactChanges } from '../../src/directory/participants/changes.ts';
import { createMemoryBus } from '../../src/events/bus.ts';
import type { TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { subscribe } from '../streams.ts';
import { useApp } from '../use-app.ts';
import { changesOf } from './contact-changes.ts';

const service = useApp();
let tenant: TestTenant;
let agentId: string;
beforeEach(async () => {
  tenant = await service.createTenant();
  agentId = await createAgent(tenant);
});
const { listen, announce, contacts } = changesOf(service, () => ({ tenant, agentId }));

describe('participantChanged', () => {
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
