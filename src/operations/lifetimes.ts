import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Viewer } from '../auth/viewer.ts';
import type { Database } from '../database/database.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { globalStatement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { EventBus } from '../events/events.ts';
import type { GraphContext } from '../schema/context.ts';

const longestTimer = 2 ** 31 - 1;
/** How long a client that reads nothing may keep the others from being let go, in milliseconds. */
const patience = 1_000;
/** How often open streams' keys are looked up, in milliseconds. */
const betweenLooks = 30_000;

const key = columns('CredentialKey', 'k', ['id']);
const revokedAmong = globalStatement(key)`
  select ${key} from credential_key k where k.revoked_at is not null
    and (k.tenant_id, k.id) in (select * from unnest(${parameter('tenantIds', array(uuid))}, ${parameter('ids', array(uuid))}))`;

/** Streams that end by themselves: when their credential does, and when the server stops. Each says why in a last result. */
export interface Lifetimes {
  plugin: Plugin;
  /** Tells every stream to reconnect elsewhere, and waits until they have been told, but not for long. */
  endAll(): Promise<void>;
}

/**
 * Keeps the streams of one server. Hears of revoked keys from whichever replica revoked them, and looks for itself now and then:
 * what is announced while Redis is away is never heard.
 */
export function createLifetimes(events: EventBus, database: Pick<Database, 'query'>): Lifetimes {
  const open = new Map<symbol, { viewer: Viewer; end: (problem: Problem) => void; over: Promise<void> }>();
  const unauthenticated = (detail: string) => new Problem('UNAUTHENTICATED', detail);
  // What ended while a stream was being opened ends that stream too.
  const revoked = new LRUCache<string, true>({ max: 1_000 });
  let stopped: Problem | undefined;

  const endKey = (keyId: string) => {
    revoked.set(keyId, true);
    for (const { viewer, end } of open.values()) if (viewer.id === keyId) end(unauthenticated('The key was revoked.'));
  };
  events.onAny('keyRevoked', ({ keyId }) => endKey(keyId));

  const openKeys = () => new Map([...open.values()].filter(isKeys).map(({ viewer }) => [viewer.id, viewer.tenantId]));
  let looking = false;
  let looks: NodeJS.Timeout | undefined;
  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    const keys = openKeys();
    try {
      for (const { id } of await database.query(revokedAmong, { tenantIds: [...keys.values()], ids: [...keys.keys()] }))
        endKey(id);
    } catch {
      // While the database is away nobody's streams end; the next look asks again.
    } finally {
      looking = false;
    }
  }
  const lookOrRest = () => {
    const wanted = !stopped && [...open.values()].some(isKeys);
    if (wanted) looks ??= setInterval(look, betweenLooks).unref();
    else {
      clearInterval(looks);
      looks = undefined;
    }
  };

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
          const { stream, end } = endable(result as AsyncIterable<object>, () => {
            clearTimeout(timer);
            open.delete(id);
            lookOrRest();
            forgotten();
          });
          open.set(id, { viewer, end, over });
          lookOrRest();
          if (stopped) end(stopped);
          if (revoked.has(viewer.id)) end(unauthenticated('The key was revoked.'));
          if (viewer.expiresAt) {
            const left = Math.min(Math.max(0, viewer.expiresAt.getTime() - Date.now()), longestTimer);
            timer = setTimeout(() => end(unauthenticated('The token has expired.')), left).unref();
          }
          setResult(stream as never);
        },
      };
    },
  };
  return {
    plugin,
    async endAll() {
      const stop = new Problem('UNAVAILABLE', 'The server is stopping: connect again.', { retryAfter: 1 });
      stopped = stop;
      lookOrRest();
      const streams = [...open.values()];
      for (const { end } of streams) end(stop);
      const late = new Promise<void>((resolve) => setTimeout(resolve, patience).unref());
      await Promise.race([Promise.all(streams.map(({ over }) => over)), late]);
      // The last results have been handed over; now they are written.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const isKeys = ({ viewer }: { viewer: Viewer }) => viewer.kind !== 'USER';

type Endable = { stream: AsyncIterableIterator<object>; end: (problem: Problem) => void };

/** The stream until it ends, its consumer leaves, or it is ended for a reason: then the reason is its last result. */
function endable(results: AsyncIterable<object>, forget: () => void): Endable {
  const below = results[Symbol.asyncIterator]();
  let reason: Problem | undefined;
  let settle: ((result: Problem) => void) | undefined;
  let over = false;
  const finish = async () => {
    over = true;
    forget();
    await below.return?.();
  };
  // Not a race with a promise of the reason: that would keep every result for as long as the stream lives.
  const result = () =>
    new Promise<IteratorResult<object> | Problem>((resolve, reject) => {
      settle = resolve;
      if (reason) resolve(reason);
      else below.next().then(resolve, reject);
    });
  const stream: Endable['stream'] = {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (over) return { done: true, value: undefined };
      const next = await result().catch(async (error: unknown) => {
        await finish();
        throw error;
      });
      settle = undefined;
      if (next instanceof Problem) {
        await finish();
        return { done: false, value: { errors: [new GraphQLError(next.message, { originalError: next })] } };
      }
      if (next.done) await finish();
      return next;
    },
    async return() {
      await finish();
      return { done: true, value: undefined };
    },
  };
  return {
    stream,
    end(problem) {
      reason ??= problem;
      settle?.(reason);
    },
  };
}
