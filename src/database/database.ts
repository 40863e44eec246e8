import type { Announce, EventName, Events } from '../events/events.ts';
import { type Actor, acting, actorText, nobody } from './actor.ts';
import { createAdmission, createFairAdmission } from './admission.ts';
import type { Connection, Value } from './connection.ts';
import { PrismaClient } from './generated/client.ts';
import { savepoints } from './savepoints.ts';
import type { Rows } from './sql/columns.ts';
import {
  type AnyStatement,
  type Compiled,
  formFor,
  type GivenValues,
  type Handle,
  type Statement,
  valuesFor,
} from './sql/statement.ts';
import type { StandbyReads } from './standby.ts';
import { mayWait } from './statement.ts';
import type { TenantDatabase, TenantHandle, TenantQuery, TenantTransaction, Values } from './tenant-database.ts';
import { keepsToTenant } from './tenant-wall.ts';
import { createWriteBatching } from './write-batching.ts';

export type { TenantDatabase, TenantHandle, TenantQuery, TenantTransaction } from './tenant-database.ts';

/** Called with the text of every SQL statement that runs, except transaction control. */
export type StatementObserver = (text: string) => void;

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
  maxWaiting: 1_000,
  maxWaitMs: 5_000,
  refusal: 'Too much of this tenant is waiting to be written.',
};
const rowQueue = {
  max: 2,
  maxWaiting: 200,
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
export function openDatabase(
  connection: Connection,
  announce: Announce,
  observe?: StatementObserver,
  standby: { connection: Pick<Connection, 'query'>; reads: StandbyReads } | null = null,
): Database {
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
  const tenants = createAdmission({ ...tenantQueue, max: connection.maxPerTenant });
  const rows = createAdmission(rowQueue);
  const slow = createFairAdmission(slowReads);
  const writeBatching = createWriteBatching(connection, observe);
  const walled = (tenantId: string) => base.$extends(keepsToTenant(tenantId));

  const wrote = standby ? (tenantId: string) => standby.reads.wrote(tenantId) : null;
  /** Notes what has been written, also by what failed: it may have happened. */
  const noting = <Result>(tenantId: string, work: Promise<Result>): Promise<Result> =>
    wrote ? work.finally(() => wrote(tenantId)) : work;
  /** Reads where it may. */
  const reading = (tenantId: string, form: Compiled, values: Value[], actor: Actor): Promise<unknown[]> => {
    const onPrimary = () => prisma.$prepared(form, values, actor);
    if (!standby) return onPrimary();
    const onStandby = () => {
      observe?.(form.text);
      return standby.connection.query(form, values);
    };
    return standby.reads.read(tenantId, onStandby, onPrimary);
  };

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
      const as = (actor: Actor, mayLag = false): TenantDatabase => {
        const inTurn: Run = (form, values) => {
          const run = () => prisma.$prepared(form, values, actor);
          if (mayWait(form)) return noting(tenantId, tenants.run(tenantId, run));
          return mayLag ? reading(tenantId, form, values, actor) : run();
        };
        const handle = { tenantId, viewerAgentId: agentId };
        const query: TenantQuery = runner(inTurn, handle);
        const inSlowTurn: Run = (form, values) =>
          slow.run(tenantId, () => {
            const slowForm = { ...form, slow: true };
            return mayLag ? reading(tenantId, slowForm, values, actor) : prisma.$prepared(slowForm, values);
          });
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
          batchedWrite: (statement, asked) => noting(tenantId, writeBatching.ask(statement, tenantId, asked, actor)),
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
            const result = await noting(tenantId, tenants.run(tenantId, run));
            for (const say of announcements) say();
            return result;
          },
        };
        return tenantDatabase;
      };
      const handle = Object.assign(as(nobody), { as: (actor: Actor) => as(actor) });
      return Object.assign(handle, { lagging: standby ? as(nobody, true) : handle });
    },
    async close() {
      await writeBatching.drain();
      await base.$disconnect();
      await connection.close();
    },
  };
}
