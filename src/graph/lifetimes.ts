import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { Problem } from '../errors/catalogue.ts';
import type { EventBus } from '../events/events.ts';
import type { GraphContext } from './context.ts';

const longestTimer = 2 ** 31 - 1;
/** How long a client that reads nothing may keep the others from being let go, in milliseconds. */
const patience = 1_000;

/** Streams that end by themselves: when their credential does, and when the server stops. Each says why in a last result. */
export interface Lifetimes {
  plugin: Plugin;
  /** Tells every stream to reconnect elsewhere, and waits until they have been told, but not for long. */
  endAll(): Promise<void>;
}

/** Keeps the streams of one server. Hears of revoked keys from whichever replica revoked them. */
export function createLifetimes(events: EventBus): Lifetimes {
  const open = new Map<symbol, { viewerId: string; end: (problem: Problem) => void; over: Promise<void> }>();
  const unauthenticated = (detail: string) => new Problem('UNAUTHENTICATED', detail);
  // What ended while a stream was being opened ends that stream too.
  const revoked = new LRUCache<string, true>({ max: 1_000 });
  let stopped: Problem | undefined;

  events.onAny('keyRevoked', ({ keyId }) => {
    revoked.set(keyId, true);
    for (const { viewerId, end } of open.values()) if (viewerId === keyId) end(unauthenticated('The key was revoked.'));
  });

  const plugin: Plugin = {
    onSubscribe({ args }) {
      const { viewer } = args.contextValue as unknown as GraphContext;
      return {
        onSubscribeResult({ result, setResult }) {
          if (!(Symbol.asyncIterator in result)) return;
          const id = Symbol(viewer.id);
          let timer: NodeJS.Timeout | undefined;
          let forgotten = () => {};
          const over = new Promise<void>((resolve) => {
            forgotten = resolve;
          });
          const ended = new Promise<Problem>((resolve) => {
            open.set(id, { viewerId: viewer.id, end: resolve, over });
            if (stopped) resolve(stopped);
            if (revoked.has(viewer.id)) resolve(unauthenticated('The key was revoked.'));
            if (viewer.expiresAt) {
              const left = Math.min(Math.max(0, viewer.expiresAt.getTime() - Date.now()), longestTimer);
              timer = setTimeout(() => resolve(unauthenticated('The token has expired.')), left).unref();
            }
          });
          const forget = () => {
            clearTimeout(timer);
            open.delete(id);
            forgotten();
          };
          setResult(until(result as AsyncIterable<object>, ended, forget) as never);
        },
      };
    },
  };
  return {
    plugin,
    async endAll() {
      const stop = new Problem('UNAVAILABLE', 'The server is stopping: connect again.', { retryAfter: 1 });
      stopped = stop;
      const streams = [...open.values()];
      for (const { end } of streams) end(stop);
      const late = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
      await Promise.race([Promise.all(streams.map(({ over }) => over)), late]);
      // The last results have been handed over; now they are written.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** The stream until it ends, its consumer leaves, or `ended` gives a reason: then the reason is its last result. */
function until(results: AsyncIterable<object>, ended: Promise<Problem>, forget: () => void): AsyncIterableIterator<object> {
  const below = results[Symbol.asyncIterator]();
  const reason = ended.then((problem) => ({ problem }));
  let over = false;
  const finish = async () => {
    over = true;
    forget();
    await below.return?.();
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (over) return { done: true, value: undefined };
      const next = await Promise.race([below.next(), reason]);
      if ('problem' in next) {
        await finish();
        return { done: false, value: { errors: [new GraphQLError(next.problem.message, { originalError: next.problem })] } };
      }
      if (next.done) await finish();
      return next;
    },
    async return() {
      await finish();
      return { done: true, value: undefined };
    },
  };
}
