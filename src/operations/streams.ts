import { type ExecutionResult, GraphQLError } from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Viewer } from '../auth/viewer.ts';
import type { Database } from '../database/database.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { globalStatement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { EventBus } from '../events/events.ts';
import { refusal } from './errors.ts';

const longestTimerMs = 2 ** 31 - 1;
/** How long a stop waits for clients that do not read. */
const maxWaitMs = 1_000;
/** How often the keys of open streams are read, to find revoked ones. */
const readKeysEveryMs = 30_000;

/** How many streams one replica opens: per WebSocket connection, per credential, per tenant. */
export const maxStreams = { connection: 100, credential: 1_000, tenant: 5_000 } as const;
/** Seconds after which a client with too many streams may try again. */
const retryAfter = 30;

const key = columns('CredentialKey', 'k', ['id']);
const revokedAmong = globalStatement(key)`
  select ${key} from credential_key k where k.revoked_at is not null
    and (k.tenant_id, k.id) in (select * from unnest(${parameter('tenantIds', array(uuid))}, ${parameter('ids', array(uuid))}))`;

/** The open streams of one server. */
export interface Streams {
  /**
   * Returns the viewer's results as a stream that ends when its credential ends or the server stops. The last result is
   * an error with the reason.
   */
  keep(
    viewer: Viewer,
    results: AsyncIterable<ExecutionResult>,
    connection?: object,
  ): AsyncIterableIterator<ExecutionResult>;
  /** Throws RATE_LIMITED when the WebSocket connection, the credential or the tenant has too many streams. */
  demandRoom(viewer: Viewer, connection?: object): void;
  /** Tells every stream to reconnect. Resolves when all clients have been told, after a second at most. */
  endAll(): Promise<void>;
}

/**
 * Ends the streams of revoked keys. It hears of them from the replica that revoked them, and also reads the keys every
 * half minute, because announcements are lost while Redis is away.
 */
export function createStreams(events: EventBus, database: Pick<Database, 'query'>): Streams {
  const open = new Map<symbol, { viewer: Viewer; end: (problem: Problem) => void; over: Promise<void> }>();
  const counts = {
    connection: new Map<object, number>(),
    credential: new Map<string, number>(),
    tenant: new Map<string, number>(),
  };
  const unauthenticated = (detail: string) => new Problem('UNAUTHENTICATED', detail);
  // A credential that ended while its stream was being opened ends that stream too.
  const revoked = new LRUCache<string, true>({ max: 1_000 });
  let stopped: Problem | undefined;

  const endKey = (keyId: string) => {
    revoked.set(keyId, true);
    for (const { viewer, end } of open.values()) if (viewer.id === keyId) end(unauthenticated('The key was revoked.'));
  };
  events.onAny('keyRevoked', ({ keyId }) => endKey(keyId));

  const openKeys = () => new Map([...open.values()].filter(isKeys).map(({ viewer }) => [viewer.id, viewer.tenantId]));
  let reading = false;
  let timer: NodeJS.Timeout | undefined;
  async function readKeys(): Promise<void> {
    if (reading) return;
    reading = true;
    const keys = openKeys();
    try {
      for (const { id } of await database.query(revokedAmong, { tenantIds: [...keys.values()], ids: [...keys.keys()] }))
        endKey(id);
    } catch {
      // While the database is away no stream ends. The next check asks again.
    } finally {
      reading = false;
    }
  }
  const startOrStopTimer = () => {
    const wanted = !stopped && [...open.values()].some(isKeys);
    if (wanted) timer ??= setInterval(readKeys, readKeysEveryMs).unref();
    else {
      clearInterval(timer);
      timer = undefined;
    }
  };

  /** Returns why no further stream may be opened. Null while one may. */
  function tooMany(viewer: Viewer, connection?: object): Problem | null {
    const full = (count = 0, max: number, what: string) =>
      count >= max
        ? new Problem('RATE_LIMITED', `${what} has ${max} open subscriptions, the most there may be.`, { retryAfter })
        : null;
    return (
      (connection ? full(counts.connection.get(connection), maxStreams.connection, 'The connection') : null) ??
      full(counts.credential.get(credentialOf(viewer)), maxStreams.credential, 'The credential') ??
      full(counts.tenant.get(viewer.tenantId), maxStreams.tenant, 'The tenant')
    );
  }

  function count(viewer: Viewer, connection: object | undefined, change: 1 | -1): void {
    if (connection) add(counts.connection, connection, change);
    add(counts.credential, credentialOf(viewer), change);
    add(counts.tenant, viewer.tenantId, change);
  }

  function demandRoom(viewer: Viewer, connection?: object): void {
    const problem = tooMany(viewer, connection);
    if (problem) throw refusal(problem);
  }

  function keep(
    viewer: Viewer,
    results: AsyncIterable<ExecutionResult>,
    connection?: object,
  ): AsyncIterableIterator<ExecutionResult> {
    const id = Symbol(viewer.id);
    let timer: NodeJS.Timeout | undefined;
    let forgotten = () => {};
    const over = new Promise<void>((resolve) => {
      forgotten = resolve;
    });
    const { stream, end } = endable(results, () => {
      clearTimeout(timer);
      if (open.delete(id)) count(viewer, connection, -1);
      startOrStopTimer();
      forgotten();
    });
    // Others may have been opened meanwhile.
    const late = tooMany(viewer, connection);
    open.set(id, { viewer, end, over });
    count(viewer, connection, 1);
    startOrStopTimer();
    if (late) end(late);
    if (stopped) end(stopped);
    if (revoked.has(viewer.id)) end(unauthenticated('The key was revoked.'));
    if (viewer.expiresAt) {
      const leftMs = Math.min(Math.max(0, viewer.expiresAt.getTime() - Date.now()), longestTimerMs);
      timer = setTimeout(() => end(unauthenticated('The token has expired.')), leftMs).unref();
    }
    return stream;
  }

  return {
    keep,
    demandRoom,
    async endAll() {
      const stop = new Problem('UNAVAILABLE', 'The server is stopping: connect again.', { retryAfter: 1 });
      stopped = stop;
      startOrStopTimer();
      const streams = [...open.values()];
      for (const { end } of streams) end(stop);
      const late = new Promise<void>((resolve) => setTimeout(resolve, maxWaitMs).unref());
      await Promise.race([Promise.all(streams.map(({ over }) => over)), late]);
      // The last results have been passed on. Now they are written.
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

/** Ids of users belong to their tenants, so the tenant is part of a credential's name. */
const credentialOf = ({ tenantId, kind, id }: Viewer) => `${tenantId} ${kind} ${id}`;

function add<Key>(counts: Map<Key, number>, key: Key, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}

const isKeys = ({ viewer }: { viewer: Viewer }) => viewer.kind !== 'USER';

type Endable = { stream: AsyncIterableIterator<ExecutionResult>; end: (problem: Problem) => void };

/**
 * Passes the stream on until it ends, its consumer leaves, or it is ended for a reason, which becomes its last result.
 */
function endable(results: AsyncIterable<ExecutionResult>, forget: () => void): Endable {
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
    new Promise<IteratorResult<ExecutionResult> | Problem>((resolve, reject) => {
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
