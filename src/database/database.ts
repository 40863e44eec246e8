import type { Announce, EventName, Events } from '../events/events.ts';
import { type Actor, acting, actorText, nobody } from './actor.ts';
import { createAdmission, createFairAdmission } from './admission.ts';
import type { Connection, Value } from './connection.ts';
import { PrismaClient } from './generated/client.ts';
import { savepoints } from './savepoints.ts';
import type { Rows } from './sql/columns.ts';
import {
  type AnyStatement,
  type BatchedWrite,
  type Compiled,
  formFor,
  type GivenValues,
  type Handle,
  type Statement,
  valuesFor,
} from './sql/statement.ts';
import { mayWait } from './statement.ts';
import { keepsToTenant } from './tenant-wall.ts';
import { createWriteBatching } from './write-batching.ts';

/** A caller's parameters for a statement inside a tenant, by name. The handle adds the rest. */
type Given<Parameters> = Values<Omit<Parameters, 'tenantId' | 'viewerAgentId'>>;
type Values<Parameters> = keyof Parameters extends never ? [] : [values: Parameters];

/** Runs a prepared statement inside the tenant. */
export type TenantQuery = <Parameters extends { readonly tenantId: string }, Row>(
  statement: Statement<Parameters, Row>,
  ...values: Given<Parameters>
) => Promise<Row[]>;

/** Called with the text of every SQL statement that runs, except transaction control. */
export type StatementObserver = (text: string) => void;

/**
 * The database as one tenant may use it. It gives statements the tenant. Prisma's operations must name the tenant,
 * which the tenant wall checks. Rules take this first and use nothing else.
 */
export interface TenantDatabase {
  readonly tenantId: string;
  /** The only agent whose conversations may be seen. Null when all may. */
  readonly agentId: string | null;
  /** Prisma's models behind the tenant wall, outside any transaction. */
  readonly models: PrismaClient;
  /** Runs a prepared statement outside any transaction. */
  readonly query: TenantQuery;
  /**
   * Runs a statement that may take a second, like a count by what must be computed for each row: a few at a time in the
   * process, fewer of one tenant, and apart from the pipelined connections. Throws UNAVAILABLE when too many wait, or
   * when it has waited too long.
   */
  readonly slowQuery: TenantQuery;
  /** Reads a long list when it is its turn. In an operation only a few are read at a time. */
  longRead<Found>(read: () => Promise<Found>): Promise<Found>;
  /**
   * Runs a statement for this caller and concurrent callers of any tenant in one transaction. Returns null when it did
   * nothing for this caller, who must then run a statement of its own.
   */
  batchedWrite<Asked extends Readonly<Record<string, string | null>>, Row>(
    statement: BatchedWrite<Asked, Row>,
    asked: Asked,
  ): Promise<Row | null>;
  /** Runs one write by Prisma's models, in its own transaction unless it is a part of another. */
  write<Result>(work: (models: Models) => Promise<Result>): Promise<Result>;
  /** Runs the work in one transaction and rolls back when it throws. Inside, use only the given handle. */
  transaction<Result>(work: (tx: TenantTransaction) => Promise<Result>): Promise<Result>;
  /** Announces an event at once, for what a single statement has committed. */
  announce<Name extends EventName>(name: Name, event: Events[Name]): void;
  /**
   * The database for work that waits for a row's lock. A few callers per row hold a connection while they wait, the
   * others wait in memory and get UNAVAILABLE after a short time.
   */
  queueFor(row: string): Pick<TenantDatabase, 'query' | 'transaction'>;
  /** The database's time, accurate to some milliseconds. */
  now(): Date;
}

/** The models, and statements, inside a transaction of one tenant. */
export type TenantTransaction = Models & {
  readonly tenantId: string;
  readonly agentId: string | null;
  readonly query: TenantQuery;
  /** The database's time, accurate to some milliseconds. */
  now(): Date;
  /** Announces an event after the commit. After a rollback it is dropped. */
  announce<Name extends EventName>(name: Name, event: Events[Name]): void;
  /** Runs a part of the work, not at the same time as others. Where it throws, it alone is undone. */
  savepoint<Result>(work: () => Promise<Result>): Promise<Result>;
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

/** The database as one tenant may use it, for the service itself unless somebody else acts. */
export type TenantHandle = TenantDatabase & {
  /** Returns the database as the actor uses it: what changes is recorded as theirs. */
  as(actor: Actor): TenantDatabase;
};

/** Statements outside any tenant. */
export type Statements = {
  /** Runs a statement. */
  readonly query: Query;
  /** Runs statements in one transaction and rolls back when the work throws. */
  transaction<Result>(work: (query: Query) => Promise<Result>): Promise<Result>;
};

/** The whole database. Only start-up, authentication and tenant administration use it. */
export interface Database extends Statements {
  /** Returns the database as that tenant, or only one agent of it, may use it. */
  forTenant(tenantId: string, agentId?: string | null): TenantHandle;
  /** Returns the statements as the actor runs them. */
  as(actor: Actor): Statements;
  /** The database's time, accurate to some milliseconds. */
  now(): Date;
  /** The client whose models' shapes Pothos reads. */
  readonly prisma: PrismaClient;
  readonly connection: Connection;
  close(): Promise<void>;
}

/** Runs a statement outside any tenant. */
export type Query = <Parameters, Row>(
  statement: Statement<Parameters, Row>,
  ...values: Values<Parameters>
) => Promise<Row[]>;

// Prisma's default of 2 s for a free connection is too short when many callers race for the same rows.
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
const transactionControl =
  /^(-- Implicit|BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE|SET TRANSACTION|select set_config\('rollcall)\b/i;

type Run = (form: Compiled, values: Value[]) => Promise<unknown[]>;

const inTransaction =
  (tx: Pick<PrismaClient, '$queryRawUnsafe'>): Run =>
  ({ text }, values) =>
    tx.$queryRawUnsafe<unknown[]>(text, ...values);

/**
 * Runs the form of a statement for these keys and this viewer. Its rows have the declared columns: a test prepares
 * every statement and compares them.
 */
const runner =
  (run: Run, handle?: Handle) =>
  <Row>(statement: AnyStatement & { readonly rows: Rows<Row> }, values?: unknown): Promise<Row[]> => {
    const given = (values ?? noValues) as GivenValues;
    const form = formFor(statement, handle?.viewerAgentId ?? null, given);
    return run(form, valuesFor(form, given, handle) as Value[]) as Promise<Row[]>;
  };
const noValues: GivenValues = {};

/** Creates the database of one connection: Prisma and the prepared statements use the same. */
export function openDatabase(connection: Connection, announce: Announce, observe?: StatementObserver): Database {
  const base = new PrismaClient({
    adapter: connection.adapter,
    transactionOptions,
    log: observe ? [{ emit: 'event', level: 'query' }] : [],
  });
  if (observe) base.$on('query', ({ query }) => transactionControl.test(query) || observe(query));

  // Prisma's own way to add a method to its client: a named, prepared statement on its adapter's connections.
  const prisma = base.$extends({
    name: 'prepared statements',
    client: {
      async $prepared(form: Compiled, values: readonly Value[], actor: Actor = nobody): Promise<unknown[]> {
        observe?.(form.text);
        return mayWait(form) ? connection.query(form, values, actorText(actor)) : connection.query(form, values);
      },
    },
  });

  const now = () => new Date(Date.now() + connection.clockOffsetMs);
  const tenants = createAdmission({ ...tenantQueue, most: connection.mostOfTenant });
  const rows = createAdmission(rowQueue);
  const slow = createFairAdmission(slowReads);
  const writeBatching = createWriteBatching(connection, observe);
  const walled = (tenantId: string) => base.$extends(keepsToTenant(tenantId));

  const statements = (actor: Actor): Statements => ({
    query: runner((form, values) => prisma.$prepared(form, values, actor)),
    transaction: (work) =>
      base.$transaction(async (tx) => {
        await tx.$executeRawUnsafe(acting, actorText(actor));
        return work(runner(inTransaction(tx)));
      }),
  });

  return {
    prisma: base,
    connection,
    now,
    ...statements(nobody),
    as: statements,
    forTenant(tenantId, agentId = null) {
      let writer: ReturnType<typeof walled> | undefined;
      const as = (actor: Actor): TenantDatabase => {
        const inTurn: Run = (form, values) => {
          const run = () => prisma.$prepared(form, values, actor);
          return mayWait(form) ? tenants.run(tenantId, run) : run();
        };
        const handle = { tenantId, viewerAgentId: agentId };
        const query: TenantQuery = runner(inTurn, handle);
        const inSlowTurn: Run = (form, values) =>
          slow.run(tenantId, () => prisma.$prepared({ ...form, slow: true }, values));
        const tenantDatabase: TenantDatabase = {
          tenantId,
          agentId,
          now,
          get models() {
            writer ??= walled(tenantId);
            return writer as unknown as PrismaClient;
          },
          query,
          slowQuery: runner(inSlowTurn, handle),
          queueFor(row) {
            // An id has many spellings.
            const key = `${tenantId} ${row.toLowerCase()}`;
            return {
              query: (statement, ...values) => rows.run(key, () => query(statement, ...values)),
              transaction: (work) => rows.run(key, () => tenantDatabase.transaction(work)),
            };
          },
          batchedWrite: (statement, asked) => writeBatching.ask(statement, tenantId, asked, actor),
          longRead: (read) => read(),
          write: (work) => tenantDatabase.transaction(work),
          announce: (name, event) => announce(tenantId, name, event),
          async transaction(work) {
            writer ??= walled(tenantId);
            const announcements: (() => void)[] = [];
            const inTenant = writer;
            const run = () =>
              inTenant.$transaction(async (tx) => {
                await tx.$executeRawUnsafe(acting, actorText(actor));
                // Not assigned to `tx`: its properties belong to the one client that all transactions use.
                return work(
                  Object.create(
                    tx,
                    Object.getOwnPropertyDescriptors({
                      tenantId,
                      agentId,
                      now,
                      savepoint: savepoints(tx, announcements),
                      announce: <Name extends EventName>(name: Name, event: Events[Name]) =>
                        void announcements.push(() => announce(tenantId, name, event)),
                      query: runner(inTransaction(tx), { tenantId, viewerAgentId: agentId }),
                    }),
                  ) as TenantTransaction,
                );
              });
            const result = await tenants.run(tenantId, run);
            for (const say of announcements) say();
            return result;
          },
        };
        return tenantDatabase;
      };
      return Object.assign(as(nobody), { as });
    },
    async close() {
      await writeBatching.drain();
      await base.$disconnect();
      await connection.close();
    },
  };
}
