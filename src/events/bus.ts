import { EventEmitter } from 'node:events';
import { Repeater, SlidingBuffer } from '@repeaterjs/repeater';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { newId } from '../database/ids.ts';
import type { EventBus, EventName } from './events.ts';
import { createFanOut } from './fan-out.ts';
import { openRedis } from './redis.ts';

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

/** How long a start waits for Redis, in milliseconds: longer than a Redis that is there takes. */
const joinTimeoutMs = 2_000;

/**
 * A bus over Redis: what one replica announces, all hear. Returns once the subscription is confirmed, or without it
 * where Redis does not answer soon: while Redis is away a replica hears itself, `check` fails, and it joins the others
 * when Redis is there. What was announced meanwhile is not told later.
 */
export async function createRedisBus(url: string, log: Logger): Promise<EventBus> {
  const origin = newId();
  const publisher = await openRedis(url, { purpose: 'announcing events', log });
  const subscriber = await openRedis(url, { purpose: 'hearing events', log });
  let subscribed = false;

  const { bus, deliver } = localBus((tenantId, name, event) => {
    // The connection says itself that it is away; an event that is lost can be read from the database.
    publisher
      .publish(redisChannel, JSON.stringify({ origin, tenantId, name, event } satisfies Message))
      .catch(() => {});
  });
  subscriber.on('message', (_channel, text) => {
    try {
      const message = JSON.parse(text) as Message;
      if (message.origin !== origin) deliver(message.tenantId, message.name, message.event);
    } catch (error) {
      // Whatever else is said on that channel must not end the process.
      log.warn({ err: error }, 'a message on the channel of events cannot be read');
    }
  });
  // One subscription for all: a client's own would not be in force yet when its stream already looks open.
  const joined = new Promise<void>((resolve) => {
    subscriber.on('ready', () => {
      subscriber.subscribe(redisChannel).then(
        () => {
          subscribed = true;
          resolve();
        },
        // A connection that refuses the subscription is of no use.
        () => subscriber.disconnect(true),
      );
    });
  });
  subscriber.on('close', () => {
    subscribed = false;
  });
  await soon(Promise.all([joined, ready(publisher)]), joinTimeoutMs);

  return {
    ...bus,
    async check() {
      if (!subscribed) throw new Error('the Redis subscription is not connected');
      if (publisher.status !== 'ready') throw new Error('Redis is not connected');
    },
    async close() {
      publisher.disconnect();
      subscriber.disconnect();
    },
  };
}

const ready = (redis: Redis) =>
  new Promise<void>((resolve) => void (redis.status === 'ready' ? resolve() : redis.once('ready', () => resolve())));

/** Waits until it is done, and no longer than that time, in milliseconds. */
async function soon(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
