import type { Announce, EventName, Events } from '../events/events.ts';
import { createAdmission, createFairAdmission } from './admission.ts';
import type { Connection, Value } from './connection.ts';
import { PrismaClient } from './generated/client.ts';
import { type BatchedWriteStatement, mayWait, type Statement } from './statement.ts';
import { keepsToTenant } from './tenant-wall.ts';
import { createWriteBatching } from './write-batching.ts';

/** Called with the text of every SQL statement that is run, transaction control aside. */
export type StatementObserver = (text: string) => void;

/**
 * The database as one tenant may use it. Statements get the tenant as $1; Prisma's operations must
 * name it, which the tenant wall checks. Rules take this first and use nothing else.
 */
export interface TenantDatabase {
  readonly tenantId: string;
  /** The only agent whose conversations may be seen; null when all may. */
  readonly agentId: string | null;
  /** Prisma's models behind the tenant wall, outside any transaction. */
  readonly models: PrismaClient;
  /** Runs a prepared statement on its own, outside any transaction. */
  query<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]>;
  /**
   * Runs a statement that may take a second, as counts by what has to be found out of each row do: a few at a time in the process, fewer of one tenant,
   * and apart from the connections that quick statements share. Throws UNAVAILABLE when too many wait, or when it has waited too long.
   */
  slowQuery<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]>;
  /** Reads a list that is long, when it is its turn: inside an operation only a few are read at a time. */
  longRead<Found>(read: () => Promise<Found>): Promise<Found>;
  /**
   * Runs a statement for this caller and for all others, of any tenant, who ask for the same at this time: one transaction for all.
   * Null when it did nothing for this caller, who is then to ask alone.
   */
  batchedWrite<Row>(
    statement: BatchedWriteStatement<Row>,
    asked: Readonly<Record<string, string | null>>,
  ): Promise<Row | null>;
  /** Runs the work in one transaction: all of it happens, or, when it throws, nothing. Inside, use only the handle given. */
  transaction<Result>(work: (tx: TenantTransaction) => Promise<Result>): Promise<Result>;
  /**
   * The same for work that locks one row on which many may want to work: few of them have a connection at a time, the others wait without one, and not
   * for long. Throws UNAVAILABLE then.
   */
  queueFor(row: string): Pick<TenantDatabase, 'query' | 'transaction'>;
  /** The time by the database's clock, which is the same for all replicas, give or take some milliseconds. */
  now(): Date;
  /** Announces an event at once: for what a single statement has just committed. */
  announce<Name extends EventName>(name: Name, event: Events[Name]): void;
}

/** The models, and statements, inside a transaction of one tenant. */
export type TenantTransaction = Models & {
  readonly tenantId: string;
  readonly agentId: string | null;
  query<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]>;
  /** The time by the database's clock, give or take some milliseconds. */
  now(): Date;
  /** Announces an event once the transaction has committed, and not at all if it doesn't. */
  announce<Name extends EventName>(name: Name, event: Events[Name]): void;
};

type Models = Pick<
  PrismaClient,
  | 'agent'
  | 'participant'
  | 'integrationConfig'
  | 'channel'
  | 'binding'
  | 'file'
  | 'conversation'
  | 'conversationMember'
  | 'externalUser'
  | 'credentialKey'
  | 'webhookKey'
  | 'unknownSender'
  | 'oAuthState'
>;

/** The whole database: what only start-up, credentials and the tenants' own administration use. */
export interface Database {
  /** The database as that tenant may use it, or only one agent of it. */
  forTenant(tenantId: string, agentId?: string | null): TenantDatabase;
  /** Runs a statement outside any tenant. */
  query<Row>(statement: Statement<Row>, ...values: Value[]): Promise<Row[]>;
  /** Runs statements outside any tenant in one transaction: all of them happen, or, when the work throws, none. */
  transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result>;
  /** The time by the database's clock, give or take some milliseconds. */
  now(): Date;
  /** The client that Pothos reads the models' shapes from. */
  readonly prisma: PrismaClient;
  readonly connection: Connection;
  close(): Promise<void>;
}

/** Runs a statement, with its parameters from $1 on. */
export type Query = <Row>(statement: Statement<Row>, ...values: Value[]) => Promise<Row[]>;

// Prisma gives up waiting for a free connection after 2 s by default: too early when many callers race for the same rows.
const transactionOptions = { maxWait: 15_000, timeout: 20_000 };
/** How much one tenant, or one row, may have waiting, and for how long. */
const tenantQueue = {
  mostWaiting: 1_000,
  maxWaitMs: 5_000,
  refusal: 'Too much of this tenant is waiting to be written.',
};
const rowQueue = {
  most: 2,
  mostWaiting: 200,
  maxWaitMs: 3_000,
  refusal: 'Too many are changing the same at this time.',
};
const slowReads = {
  running: 2,
  runningOfKey: 1,
  waiting: 100,
  waitingOfKey: 20,
  maxWaitMs: 10_000,
  refusal: 'Too many slow counts and filters are asked for at once: ask again later.',
};
const transactionControl = /^(-- Implicit|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET TRANSACTION)\b/i;

/** Puts Prisma and the prepared statements on one connection. */
export function openDatabase(connection: Connection, announce: Announce, observe?: StatementObserver): Database {
  const base = new PrismaClient({
    adapter: connection.adapter,
    transactionOptions,
    log: observe ? [{ emit: 'event', level: 'query' }] : [],
  });
  if (observe) base.$on('query', ({ query }) => transactionControl.test(query) || observe(query));

  // Prisma's own mechanism for a new method on its client: a named, prepared statement on the connections that its adapter uses.
  const prisma = base.$extends({
    name: 'prepared statements',
    client: {
      async $prepared<Row>(statement: Statement<Row>, values: readonly Value[]): Promise<Row[]> {
        observe?.(statement.text);
        return (await connection.query(statement, values)) as Row[];
      },
    },
  });

  const now = () => new Date(Date.now() + connection.clockOffsetMs);
  const tenants = createAdmission({ ...tenantQueue, most: connection.mostOfTenant });
  const rows = createAdmission(rowQueue);
  const slow = createFairAdmission(slowReads);
  const writeBatching = createWriteBatching(connection, observe);
  const walled = (tenantId: string) => base.$extends(keepsToTenant(tenantId));

  return {
    prisma: base,
    connection,
    now,
    query: (statement, ...values) => prisma.$prepared(statement, values),
    transaction: (work) =>
      base.$transaction((tx) =>
        work(<Row>(statement: Statement<Row>, ...values: Value[]) =>
          tx.$queryRawUnsafe<Row[]>(statement.text, ...values),
        ),
      ),
    forTenant(tenantId, agentId = null) {
      let writer: ReturnType<typeof walled> | undefined;
      const tenantDatabase: TenantDatabase = {
        tenantId,
        agentId,
        now,
        get models() {
          writer ??= walled(tenantId);
          return writer as unknown as PrismaClient;
        },
        query(statement, ...values) {
          const run = () => prisma.$prepared(statement, [tenantId, ...values]);
          return mayWait(statement) ? tenants.run(tenantId, run) : run();
        },
        slowQuery: (statement, ...values) =>
          slow.run(tenantId, () => prisma.$prepared({ ...statement, slow: true }, [tenantId, ...values])),
        queueFor: (row) => ({
          query: (statement, ...values) =>
            rows.run(`${tenantId} ${row}`, () => tenantDatabase.query(statement, ...values)),
          transaction: (work) => rows.run(`${tenantId} ${row}`, () => tenantDatabase.transaction(work)),
        }),
        batchedWrite: (statement, asked) => writeBatching.ask(statement, tenantId, asked),
        longRead: (read) => read(),
        announce: (name, event) => announce(tenantId, name, event),
        async transaction(work) {
          writer ??= walled(tenantId);
          const announcements: (() => void)[] = [];
          const inTenant = writer;
          const run = () =>
            inTenant.$transaction((tx) =>
              // Not assigned to `tx`: its properties are those of the one client that all transactions share.
              work(
                Object.create(
                  tx,
                  Object.getOwnPropertyDescriptors({
                    tenantId,
                    agentId,
                    now,
                    announce: <Name extends EventName>(name: Name, event: Events[Name]) =>
                      void announcements.push(() => announce(tenantId, name, event)),
                    query: <Row>(statement: Statement<Row>, ...values: Value[]) =>
                      tx.$queryRawUnsafe<Row[]>(statement.text, tenantId, ...values),
                  }),
                ) as TenantTransaction,
              ),
            );
          const result = await tenants.run(tenantId, run);
          for (const say of announcements) say();
          return result;
        },
      };
      return tenantDatabase;
    },
    async close() {
      await writeBatching.drain();
      await base.$disconnect();
      await connection.close();
    },
  };
}
