import type { Socket } from 'node:net';
import pg from 'pg';
import { ConnectionError } from './faults.ts';
import { Session, type SessionConfig } from './session.ts';
import type { Prepared } from './statement.ts';

/** Connections that send a statement before the answers to earlier ones have come. */
export interface PipelinedConnections {
  /**
   * Runs a statement outside any transaction: named ones are prepared once a connection. `gathered` says that nothing
   * else is sent in this turn of the event loop, so that there is nothing to wait for. Null when every connection is
   * held up by a slow one.
   */
  query(statement: ReadStatement, gathered?: boolean): Promise<{ rows: unknown[] }> | null;
  /** Waits a short time for running statements, then closes. */
  close(): Promise<void>;
}

type ReadStatement = Prepared & { values: unknown[] };

type PipelinedConnection = Busyness & {
  client: Session;
  connected: Promise<unknown>;
  /** Rejects all that wait for the connection. */
  giveUp(error: Error): void;
  gathering: boolean;
};

/** The load of a connection. */
export type Busyness = {
  /** Statements without an answer. */
  underWay: number;
  /** The expected milliseconds until all are answered, by how long the same statements took before. */
  backlog: number;
  /** When it was last idle, or gave its last answer. */
  movedAt: number;
};

/**
 * A connection with at most so many running statements that end within so many milliseconds gets the next one too,
 * although others are idle. A backend that is awake reads a quick row in less time than it takes to wake another.
 */
const minUnderWay = 4;
const maxBacklogMs = 2;
/**
 * The weight of the newest duration in a statement's expected time, and the expected time of a statement that has not
 * run yet.
 */
const weight = 0.1;
const unknown = 1;
const maxKnown = 5_000;
/** After how many milliseconds without an answer statements go to other connections. */
const slow = 50;
/** After how many milliseconds another connection is tried, when one could not be opened while others are open. */
const fullForMs = 5_000;
/** How long a stop waits for answers. */
const closeTimeoutMs = 3_000;

const ended = () => new ConnectionError('Connection terminated: the connections are closed');

/** The statement was not sent, because its connection could not be opened. */
class NotOpened extends Error {
  constructor(cause: unknown) {
    super('not opened', { cause });
  }
}

/** Runs a statement on a connection. A Query object is sent without the copy that pg makes of a config. */
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
 * Chooses the connection for a statement. Some may not be open yet. Returns null when each has given no answer for some
 * time.
 */
export function choose(connections: readonly (Busyness | undefined)[], now: number, mayOpen = true): number | null {
  let idle: number | null = null;
  let closed: number | null = null;
  let leastBusy: number | null = null;
  for (const [index, connection] of connections.entries()) {
    if (!connection) closed ??= mayOpen ? index : null;
    else if (connection.underWay === 0) idle ??= index;
    else if (now - connection.movedAt < slow) {
      if (connection.underWay >= minUnderWay && connection.backlog < maxBacklogMs) return index;
      if (leastBusy === null || connection.backlog < (connections[leastBusy] as Busyness).backlog) leastBusy = index;
    }
  }
  return idle ?? closed ?? leastBusy;
}

/**
 * Opens up to `count` connections when they are first needed. A statement goes to a connection with many quick ones,
 * else to an idle one, else to the one with the least work, and never to one that has given no answer for some time. A
 * connection that breaks fails its running statements, and the next statement opens it again.
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
    // What has been sent is still answered. The next statement opens another connection.
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

  /** Statements of one turn of the event loop leave as one piece at its end. */
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
    if (before === undefined && costs.size >= maxKnown) costs.clear();
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
      // Answers come in the order of the statements. This one began when the one before it was answered.
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

  /** The server may have no connection left. Use the ones that are open. */
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
