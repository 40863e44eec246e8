import type { Socket } from 'node:net';
import pg from 'pg';
import { ConnectionError } from './faults.ts';
import { Session, type SessionConfig } from './session.ts';
import type { Prepared } from './statement.ts';

/** Connections on which statements are sent without waiting for the answers of those before. */
export interface PipelinedConnections {
  /**
   * Runs a statement outside any transaction: named ones are prepared once a connection. `gathered` says that nothing
   * else is sent in this turn of the event loop, so that there is nothing to wait for. Null when every connection is
   * held up by a slow one.
   */
  query(statement: ReadStatement, gathered?: boolean): Promise<{ rows: unknown[] }> | null;
  /** Waits for what is under way, but not for long, then closes. */
  close(): Promise<void>;
}

type ReadStatement = Prepared & { values: unknown[] };

type PipelinedConnection = Busyness & {
  client: Session;
  connected: Promise<unknown>;
  /** Fails whoever waits for the connection. */
  giveUp(error: Error): void;
  gathering: boolean;
};

/** How busy a connection is. */
export type Busyness = {
  /** Statements that have been sent and not answered. */
  underWay: number;
  /** How long what is under way will take, by what the same statements took before, in milliseconds. */
  backlog: number;
  /** When it was last idle, or last gave an answer. */
  movedAt: number;
};

/**
 * A connection that has so many statements under way, which will take no longer than so many milliseconds, gets the
 * next one too, though others are idle: a backend that is awake already reads a quick row for less than it takes to
 * wake another.
 */
const sociable = 4;
const soon = 2;
/**
 * How much the latest time counts in what a statement is expected to take, and what one is expected to take that nobody
 * has run yet.
 */
const weight = 0.1;
const unknown = 1;
const mostKnown = 5_000;
/** How long a connection may give no answer until statements go elsewhere, in milliseconds. */
const slow = 50;
/** How long no further connection is tried after one could not be had while others are open, in milliseconds. */
const fullForMs = 5_000;
/** How long a stop waits for answers. */
const closeTimeoutMs = 3_000;

const ended = () => new ConnectionError('Connection terminated: the connections are closed');

/** The statement was not sent: its connection could not be opened, for the cause. */
class NotOpened extends Error {
  constructor(cause: unknown) {
    super('not opened', { cause });
  }
}

/**
 * Runs a statement on a connection. As a Query object it is sent as it is; of a config pg first makes a copy, property
 * by property.
 */
function run(client: pg.Client, { name, text, values }: ReadStatement) {
  return new Promise<{ rows: unknown[] }>((resolve, reject) => {
    const query = new pg.Query(text, values) as pg.Query & Named;
    query.name = name;
    query.callback = (error, result) => (error ? reject(error) : resolve(result));
    client.query(query);
  });
}
type Named = { name: string; callback(error: Error | null, result: { rows: unknown[] }): void };

/**
 * Which of the connections gets a statement, of which some may not be open yet; null when each has given no answer for
 * a while.
 */
export function choose(connections: readonly (Busyness | undefined)[], now: number, mayOpen = true): number | null {
  let idle: number | null = null;
  let closed: number | null = null;
  let least: number | null = null;
  for (const [index, connection] of connections.entries()) {
    if (!connection) closed ??= mayOpen ? index : null;
    else if (connection.underWay === 0) idle ??= index;
    else if (now - connection.movedAt < slow) {
      if (connection.underWay >= sociable && connection.backlog < soon) return index;
      if (least === null || connection.backlog < (connections[least] as Busyness).backlog) least = index;
    }
  }
  return idle ?? closed ?? least;
}

/**
 * Up to `count` connections, opened when first needed. A statement goes where many quick ones are under way, else to an
 * idle one, else to the one with the least to do, and to none that has given no answer for a while. A connection that
 * breaks fails what it had under way, and is opened anew by the next statement.
 */
export function createPipelinedConnections(config: SessionConfig, count: number): PipelinedConnections {
  const connections: (PipelinedConnection | undefined)[] = Array.from({ length: count }, () => undefined);
  const costs = new Map<string, number>();
  let closed = false;
  let fullUntil = 0;

  const streamOf = ({ client }: PipelinedConnection) => client.connection.stream as Socket;

  function open(index: number): PipelinedConnection {
    const client = new Session({ ...config, pipeline: true } as SessionConfig);
    const forget = () => {
      if (connections[index]?.client === client) connections[index] = undefined;
    };
    client.on('error', forget);
    client.on('end', forget);
    // What has been sent is still answered; the next statement opens another.
    client.onRetired = () => {
      forget();
      client.end().catch(() => {});
    };
    let giveUp: PipelinedConnection['giveUp'] = () => {};
    const connected = new Promise((resolve, reject) => {
      giveUp = reject;
      client.connect().then(resolve, (error: unknown) => reject(new NotOpened(error)));
    });
    connected.catch(forget);
    const connection: PipelinedConnection = {
      client,
      connected,
      giveUp,
      underWay: 0,
      backlog: 0,
      movedAt: performance.now(),
      gathering: false,
    };
    connections[index] = connection;
    return connection;
  }

  /** What is sent in one turn of the event loop leaves together at its end. */
  function gather(connection: PipelinedConnection): void {
    if (connection.gathering) return;
    const stream = streamOf(connection);
    connection.gathering = true;
    stream.cork();
    setImmediate(() => {
      connection.gathering = false;
      stream.uncork();
    });
  }

  function learn(name: string, took: number): void {
    const before = costs.get(name);
    if (before === undefined && costs.size >= mostKnown) costs.clear();
    costs.set(name, before === undefined ? took : before + weight * (took - before));
  }

  async function send(
    connection: PipelinedConnection,
    statement: ReadStatement,
    sentAt: number,
    gathered: boolean,
  ): Promise<{ rows: unknown[] }> {
    const expected = costs.get(statement.name) ?? unknown;
    connection.underWay++;
    connection.backlog += expected;
    try {
      await connection.connected;
      if (!gathered) gather(connection);
      return await run(connection.client, statement);
    } finally {
      const now = performance.now();
      // Answers come in the order of the statements: this one's turn was when the one before it had been given.
      learn(statement.name, now - Math.max(connection.movedAt, sentAt));
      connection.movedAt = now;
      connection.backlog = --connection.underWay === 0 ? 0 : connection.backlog - expected;
    }
  }

  function dispatch(statement: ReadStatement, gathered: boolean): Promise<{ rows: unknown[] }> | null {
    const now = performance.now();
    const index = choose(connections, now, now >= fullUntil);
    if (index === null) return null;
    const connection = connections[index] ?? open(index);
    if (connection.underWay === 0) connection.movedAt = now;
    const sent = send(connection, statement, now, gathered);
    return connection.client.facts ? sent : sent.catch((error: unknown) => elsewhere(error, statement, gathered));
  }

  /** The server may have no connection left for us: those that there are do. */
  function elsewhere(error: unknown, statement: ReadStatement, gathered: boolean): Promise<{ rows: unknown[] }> {
    if (!(error instanceof NotOpened)) throw error;
    const hasOpen = connections.some((each) => each?.client.facts);
    if (hasOpen) fullUntil = performance.now() + fullForMs;
    const again = hasOpen && !closed ? dispatch(statement, gathered) : null;
    if (again === null) throw error.cause;
    return again;
  }

  return {
    query(statement, gathered = false) {
      if (closed) return Promise.reject(ended());
      return dispatch(statement, gathered);
    },
    async close() {
      closed = true;
      const open = connections.filter((connection) => connection !== undefined);
      for (const { giveUp } of open) giveUp(ended());
      const late = new Promise<void>((resolve) => setTimeout(resolve, closeTimeoutMs).unref());
      await Promise.race([Promise.allSettled(open.map(({ client }) => client.end())), late]);
      for (const connection of open) streamOf(connection).destroy();
    },
  };
}
