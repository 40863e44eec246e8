import { EventEmitter } from 'node:events';
import { Repeater, SlidingBuffer } from '@repeaterjs/repeater';
import { newId } from '../database/ids.ts';
import type { EventBus, EventName } from './events.ts';
import { createFanOut } from './fan-out.ts';

type Message = { origin: string; tenantId: string; name: EventName; event: unknown };

// A consumer that is slower than its events keeps the newest; what it missed can be read from the database.
const kept = 1_000;
const redisChannel = 'rollcall:events';

/** Events within one process, and, where something relays them, to and from the others. */
function localBus(relay: (tenantId: string, name: EventName, event: unknown) => void) {
  const emitter = new EventEmitter().setMaxListeners(0);
  const ofTenants = createFanOut();
  const deliver = (tenantId: string, name: EventName, event: unknown) => {
    // What the service itself hears (a revoked key) must hold before anybody is told of anything.
    emitter.emit(name, event);
    ofTenants.emit(`${name}:${tenantId}`, event);
  };
  const bus: Pick<EventBus, 'announce' | 'listen' | 'hear' | 'onAny'> = {
    announce(tenantId, name, event) {
      deliver(tenantId, name, event);
      relay(tenantId, name, event);
    },
    listen(tenantId, name, matches = () => true) {
      return new Repeater((push, stop) => {
        // What doesn't match must not push out what does.
        const end = bus.hear(tenantId, name, (event) => {
          if (matches(event)) void push(event);
        });
        return stop.then(end);
      }, new SlidingBuffer(kept));
    },
    hear(tenantId, name, handle) {
      const topic = `${name}:${tenantId}`;
      // A handler of its own, because the same function may be given twice.
      const handler = (event: unknown) => handle(event as never);
      ofTenants.on(topic, handler);
      return () => ofTenants.off(topic, handler);
    },
    onAny(name, handle) {
      emitter.on(name, handle as (event: unknown) => void);
    },
  };
  return { bus, deliver };
}

/** A bus for a single replica. */
export function createMemoryBus(): EventBus {
  const { bus } = localBus(() => {});
  return { ...bus, check: async () => {}, close: async () => {} };
}

/**
 * A bus over Redis: what one replica announces, all hear. While Redis is away a replica still hears
 * itself, `check` fails, and the connection is tried again for as long as it takes.
 */
export async function createRedisBus(url: string, onError: (error: Error) => void): Promise<EventBus> {
  // Loaded only where there is a Redis: a start is the quicker without.
  const { Redis } = await import('ioredis');
  const origin = newId();
  const publisher = new Redis(url, { maxRetriesPerRequest: 1, enableOfflineQueue: false, lazyConnect: true });
  const subscriber = new Redis(url, { maxRetriesPerRequest: null, lazyConnect: true });
  publisher.on('error', onError);
  subscriber.on('error', onError);

  const { bus, deliver } = localBus((tenantId, name, event) => {
    publisher.publish(redisChannel, JSON.stringify({ origin, tenantId, name, event } satisfies Message)).catch(onError);
  });
  subscriber.on('message', (_channel, text) => {
    try {
      const message = JSON.parse(text) as Message;
      if (message.origin !== origin) deliver(message.tenantId, message.name, message.event);
    } catch (error) {
      // Whatever else is said on that channel must not end the process.
      onError(error as Error);
    }
  });
  await Promise.all([publisher.connect(), subscriber.connect()]);
  // One subscription for all: a client's own would not be in force yet when its stream already looks open.
  await subscriber.subscribe(redisChannel);

  return {
    ...bus,
    async check() {
      if (subscriber.status !== 'ready') throw new Error('the Redis subscription is not connected');
      await publisher.ping();
    },
    async close() {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}
