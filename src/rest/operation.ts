import type { z } from 'zod';
import type { Scope } from '../auth/scopes.ts';
import type { Viewer } from '../auth/viewer.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { Loader } from '../database/loaders.ts';
import { type ErrorCode, Problem } from '../errors/catalogue.ts';
import { type Create, once } from '../idempotency/once.ts';
import { named } from './input.ts';
import type { RestServices } from './services.ts';

/** The names in the braces of a path: `participant` of `/participants/{participant}:disable`. */
type NamesIn<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | NamesIn<Rest> : never;

/** One request to an operation, let in and with its input parsed. */
export type Call<Path extends string = string, Query = unknown, Body = unknown> = {
  readonly viewer: Viewer;
  readonly db: TenantDatabase;
  readonly services: RestServices;
  /** What stands in the place of the names in the path, percent-decoded. Rules say what is wrong with it. */
  readonly path: Readonly<Record<NamesIn<Path>, string>>;
  readonly query: Query;
  readonly body: Body;
  /** Creates once for the request's `Idempotency-Key`, if it has one and the operation `creates`. */
  once<Result>(input: object, of: Pick<Create<Result>, 'create' | 'again'>): Promise<Result>;
};

/** What a handler answers with; no body where its system sends none. */
export type Reply = { status: number; body?: unknown };

/** A successful answer: what it means, and its body; null for none. */
export type Answer = readonly [description: string, body: z.ZodType | null];

type Definition<Path extends string, Query extends z.ZodType, Body extends z.ZodType> = {
  /** The `operationId` of the documents, and the route's name in the metrics. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As OpenAPI spells it. A colon after the braces begins a verb. */
  readonly path: Path;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly scope: Scope;
  readonly query?: Query;
  readonly body?: Body;
  readonly answers: Readonly<Record<number, Answer>>;
  /** The mutation that creates the same. An operation that has it takes an `Idempotency-Key`. */
  readonly creates?: string;
  /** Where the system has another status for a problem of this operation than its face has for it elsewhere. */
  readonly statuses?: Readonly<Partial<Record<ErrorCode, number>>>;
  /** What the rule can throw besides what every operation can. */
  readonly errors: readonly ErrorCode[];
  run(call: Call<Path, z.output<Query>, z.output<Body>>): Promise<Reply>;
};

/** A row of the table of operations: all there is to know of one, for routing, validation, documents and metrics. */
export type Operation = Definition<string, z.ZodType, z.ZodType>;

/** An operation whose handler knows the names in its path and the types of its input. */
export const operation = <
  const Path extends string,
  Query extends z.ZodType = z.ZodType,
  Body extends z.ZodType = z.ZodType,
>(
  definition: Definition<Path, Query, Body>,
): Operation => definition;

/** An operation of the face's system that Rollcall has nothing to answer with: 501, with the reason in words. */
export const notImplemented = (
  of: Pick<Operation, 'id' | 'method' | 'path' | 'tag' | 'summary' | 'scope'>,
  reason: string,
): Operation => ({
  ...of,
  description: `Not served: ${reason} Answers 501.`,
  answers: {},
  errors: ['NOT_IMPLEMENTED'],
  async run() {
    throw new Problem('NOT_IMPLEMENTED', reason);
  },
});

/** The header in which a client sends its idempotency key. */
export const idempotencyHeader = 'Idempotency-Key';

/** Creates for a request: once, where its operation takes an idempotency key and the request has one. */
export const creating =
  (
    { creates }: Pick<Operation, 'creates'>,
    { kind, id }: Viewer,
    db: TenantDatabase,
    key: string | null,
  ): Call['once'] =>
  async (input, of) => {
    if (creates === undefined) throw new Error('An operation that creates once must say what.');
    const create = { owner: `${kind} ${id}`, idempotencyKey: key, operation: creates, input, ...of };
    return once(db, create).catch(named(([last]) => (last === 'idempotencyKey' ? [idempotencyHeader] : null)));
  };

/** The refusal of a part of the input that Rollcall has nothing to answer with. */
export const unserved = (what: string): Problem => new Problem('NOT_IMPLEMENTED', `${what} is not served here.`);

/** Loads for the rules that page: each key by itself, as a handler has only one. */
export const reading = (db: TenantDatabase) => ({
  load: async <Key, Loaded>(loader: Loader<Key, Loaded>, key: Key): Promise<Loaded> =>
    (await loader.load(db, [key]))[0] as Loaded,
});
