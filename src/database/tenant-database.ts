import type { EventName, Events } from '../events/events.ts';
import type { Actor } from './actor.ts';
import type { PrismaClient } from './generated/client.ts';
import type { BatchedWrite, Statement } from './sql/statement.ts';

/** A caller's parameters for a statement inside a tenant, by name. The handle adds the rest. */
type Given<Parameters> = Values<Omit<Parameters, 'tenantId' | 'viewerAgentId'>>;
export type Values<Parameters> = keyof Parameters extends never ? [] : [values: Parameters];

/** Runs a prepared statement inside the tenant. */
export type TenantQuery = <Parameters extends { readonly tenantId: string }, Row>(
  statement: Statement<Parameters, Row>,
  ...values: Given<Parameters>
) => Promise<Row[]>;

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
  /**
   * The database for one that only asks: its reads may lag behind what other tenants' clients write, never behind what
   * was written in this tenant.
   */
  readonly lagging: TenantDatabase;
};
