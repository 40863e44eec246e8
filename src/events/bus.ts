import { EventEmitter } from 'node:events';
import { Repeater, SlidingBuffer } from '@repeaterjs/repeater';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { newId } from '../database/ids.ts';
import type { EventBus, EventName } from './events.ts';
import { createFanOut } from './fan-out.ts';
import { openRedis } from './redis.ts';

type Message = { origin: string; tenantId: string; name: EventName; event: unknown } | Change;
type Change = { origin: string; changed: string[] };

// A slow consumer keeps the newest events. What it missed can be read from the database.
const kept = 1_000;
const redisChannel = 'rollcall:events';

/** Events within one process, and, where something relays them, between processes. */
function localBus(relay: (tenantId: string, name: EventName, event: unknown) => void) {
  const emitter = new EventEmitter().setMaxListeners(0);
  const ofTenants = createFanOut();
  const changes: ((tenantId: string | null) => void)[] = [];
  const changed = (tenantId: string | null) => {
    for (const handle of changes) handle(tenantId);
  };
  const deliver = (tenantId: string, name: EventName, event: unknown) => {
    changed(tenantId);
    // The service's own handlers (a revoked key) run before any consumer hears of an event.
    emitter.emit(name, event);
    ofTenants.emit(`${name}:${tenantId}`, event);
  };
  const bus: Pick<EventBus, 'announce' | 'listen' | 'hear' | 'onAny' | 'onChange'> = {
    announce(tenantId, name, event) {
      deliver(tenantId, name, event);
      relay(tenantId, name, event);
    },
    listen(tenantId, name, matches = () => true) {
      return new Repeater((push, stop) => {
        // Events that do not match must not displace those that do.
        const end = bus.hear(tenantId, name, (event) => {
          if (matches(event)) void push(event);
        });
        return stop.then(end);
      }, new SlidingBuffer(kept));
    },
    hear(tenantId, name, handle) {
      const topic = `${name}:${tenantId}`;
      // A handler object of its own, because the same function may be added twice.
      const handler = (event: unknown) => handle(event as never);
      ofTenants.on(topic, handler);
      return () => ofTenants.off(topic, handler);
    },
    onAny(name, handle) {
      emitter.on(name, handle as (event: unknown) => void);
    },
    onChange: (handle) => void changes.push(handle),
  };
  return { bus, deliver, changed };
}

/** Creates a bus for a single replica. */
export function createMemoryBus(): EventBus {
  const { bus } = localBus(() => {});
  return {
    ...bus,
    tellChange: async () => {},
    hears: () => true,
    isShared: false,
    check: async () => {},
    close: async () => {},
  };
}

/** How long a start waits for Redis. Longer than a running Redis takes. */
const joinTimeoutMs = 2_000;

/**
 * Creates a bus over Redis: an event of one replica reaches all. Returns once the subscription is confirmed, or without
 * it where Redis does not answer soon. While Redis is away a replica hears only itself and `check` fails. It joins the
 * others when Redis is back. Events of the meantime are lost.
 */
export async function createRedisBus(url: string, log: Logger): Promise<EventBus> {
  const origin = newId();
  const publisher = await openRedis(url, { purpose: 'announcing events', log });
  const subscriber = await openRedis(url, { purpose: 'hearing events', log });
  let subscribed = false;

  const { bus, deliver, changed } = localBus((tenantId, name, event) => {
    // The connection reports an outage itself. A lost event can be read from the database.
    publisher
      .publish(redisChannel, JSON.stringify({ origin, tenantId, name, event } satisfies Message))
      .catch(() => {});
  });
  subscriber.on('message', (_channel, text) => {
    try {
      const message = JSON.parse(text) as Message;
      if (message.origin === origin) return;
      if ('changed' in message) message.changed.forEach(changed);
      else deliver(message.tenantId, message.name, message.event);
    } catch (error) {
      // Other messages on that channel must not end the process.
      log.warn({ err: error }, 'a message on the channel of events cannot be read');
    }
  });
  // One subscription for all: a subscription per client would not be active yet when its stream already looks open.
  const joined = new Promise<void>((resolve) => {
    subscriber.on('ready', () => {
      subscriber.subscribe(redisChannel).then(
        () => {
          subscribed = true;
          changed(null);
          resolve();
        },
        // A connection that refuses the subscription is useless.
        () => subscriber.disconnect(true),
      );
    });
  });
  subscriber.on('close', () => {
    subscribed = false;
  });
  await soon(Promise.all([joined, ready(publisher)]), joinTimeoutMs);

  // The changes of one turn of the event loop are one message.
  let telling: { tenants: Set<string>; told: Promise<void> } | null = null;
  const tell = () =>
    new Promise<void>((resolve) =>
      setImmediate(() => {
        const changed = [...(telling?.tenants ?? [])];
        telling = null;
        // Redis answers when it has given the message to all who hear it.
        const sent = publisher.publish(redisChannel, JSON.stringify({ origin, changed } satisfies Change));
        sent.then(
          () => resolve(),
          () => resolve(),
        );
      }),
    );

  return {
    ...bus,
    tellChange(tenantId) {
      telling ??= { tenants: new Set(), told: tell() };
      telling.tenants.add(tenantId);
      return telling.told;
    },
    hears: () => subscribed,
    isShared: true,
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

/** Waits for the promise, but at most for that time. */
async function soon(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
