import { createHash } from 'node:crypto';
import { z } from 'zod';
import { sweepByTenant } from '../database/by-tenant.ts';
import type { Database, TenantDatabase, TenantTransaction } from '../database/database.ts';
import { newId } from '../database/ids.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, sql, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { array, assured, list, text, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import { checked } from '../values/checked.ts';
import { text as textOfLength } from '../values/text.ts';

const validKey = z.object({ idempotencyKey: textOfLength(1, 255) });

// One that is older than a day may be taken again, whether or not the sweep has been there.
const claim = statement(rows({ key: text }))`
  insert into idempotency_key as k (tenant_id, owner, key, operation, input_digest, result_ids)
  values (${tenant}, ${parameter('owner', text)}, ${parameter('key', text)}, ${parameter('operation', text)}, ${parameter('digest', text)}, ${parameter('ids', array(text))})
  on conflict (tenant_id, owner, key) do update set operation = excluded.operation, input_digest = excluded.input_digest,
    result_ids = excluded.result_ids, created_at = now()
  where k.tenant_id = ${tenant} and k.created_at < now() - interval '1 day' returning k.key`;
const claimed = statement(rows({ operation: text, digest: text, ids: assured(list(text)) }))`
  select k.operation, k.input_digest as digest, k.result_ids as ids from idempotency_key k
  where k.tenant_id = ${tenant} and k.owner = ${parameter('owner', text)} and k.key = ${parameter('key', text)}`;

const keep = statement(nothing)`
  update idempotency_key k set result_ids = ${parameter('ids', array(text))}
  where k.tenant_id = ${tenant} and k.owner = ${parameter('owner', text)} and k.key = ${parameter('key', text)}`;

/**
 * Keeps, in the transaction that does it, what a repeat needs to give the same answer: ids that are known only then.
 * Absent for a call without a key.
 */
export type KeepIds = (tx: TenantTransaction, ids: readonly string[]) => Promise<void>;

/** A create that is to happen once. */
export type Create<Result> = {
  /** The kind of the credential, and a token's subject or a key's id: a key is its owner's alone. */
  owner: string;
  /** Null for a create that is not to be recognised when it comes again. */
  idempotencyKey: string | null | undefined;
  /** What is done: the mutation's name, also where another interface does it. */
  operation: string;
  /** The input, as JSON; null in it is as good as absent. */
  input: object;
  /** The ids of what is to be created; one new id unless given. */
  ids?: readonly [string, ...string[]];
  /**
   * Creates it under these ids, by one transaction or `write` of the database that it is given. One that may find it
   * there already says by `keepIds` what it is.
   */
  create(db: TenantDatabase, ids: readonly [string, ...string[]], keepIds?: KeepIds): Promise<Result>;
  /** Reads what was created before. */
  again(ids: readonly [string, ...string[]]): Promise<Result>;
};

/** Thrown in the transaction of a repeat, so that it ends. */
const isRepeat = new Error('The idempotency key has been used.');
const tries = 5;

/**
 * Creates something, or, where the same owner has created it with the same key within a day, reads it again, as it is
 * now. Costs a create one statement when it has a key, in the transaction that creates, and nothing else. What was
 * refused leaves no key behind. Throws CONFLICT for the same key with another input, and VALIDATION_FAILED for a key
 * that is not of 1 to 255 characters.
 */
export async function once<Result>(
  db: TenantDatabase,
  { owner, idempotencyKey, operation, input, ids = [newId()], create, again }: Create<Result>,
): Promise<Result> {
  if (idempotencyKey == null) return create(db, ids);
  const { idempotencyKey: key } = checked(validKey, { idempotencyKey });
  const digest = createHash('sha256').update(canonical(input)).digest('hex');
  for (let attempt = 0; attempt < tries; attempt += 1) {
    try {
      const keepIds: KeepIds = async (tx, known) => void (await tx.query(keep, { owner, key, ids: known }));
      return await create(claiming(db, { owner, key, operation, digest, ids }), ids, keepIds);
    } catch (error) {
      if (error !== isRepeat) throw error;
    }
    const [before] = await db.query(claimed, { owner, key });
    // Swept meanwhile.
    if (!before) continue;
    if (before.operation !== operation || before.digest !== digest)
      throw new Problem('CONFLICT', 'The idempotency key was used with another input.', {
        errors: [{ path: ['input', 'idempotencyKey'], message: 'was used with another input' }],
      });
    return again(before.ids as [string, ...string[]]);
  }
  throw new Problem('UNAVAILABLE', 'The idempotency key is being swept.', { retryAfter: 1 });
}

type Claim = { owner: string; key: string; operation: string; digest: string; ids: readonly string[] };

/**
 * The database, whose transactions begin with the key: a repeat waits there until the first has ended, few at a time.
 */
function claiming(db: TenantDatabase, values: Claim): TenantDatabase {
  const claimed =
    <Result>(work: (tx: TenantTransaction) => Promise<Result>) =>
    async (tx: TenantTransaction): Promise<Result> => {
      const [mine] = await tx.query(claim, values);
      if (!mine) throw isRepeat;
      return work(tx);
    };
  const queue = db.queueFor(`idempotency ${values.owner} ${values.key}`);
  const transaction: TenantDatabase['transaction'] = (work) => queue.transaction(claimed(work));
  const { tenantId, agentId, query, slowQuery, longRead, batchedWrite, announce, now } = db;
  // Repeats have the same input, so they wait in the row's own queue.
  const queueFor: TenantDatabase['queueFor'] = (row) => {
    const ofRow = db.queueFor(row);
    return { query: ofRow.query, transaction: (work) => ofRow.transaction(claimed(work)) };
  };
  return {
    tenantId,
    agentId,
    query,
    slowQuery,
    longRead,
    batchedWrite,
    queueFor,
    announce,
    now,
    transaction,
    write: transaction,
    get models(): never {
      throw new Error('A create that may be repeated writes in its transaction.');
    },
  };
}

/** The same text for the same input, in any order of its properties. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(
            Object.entries(part)
              .filter(([, inner]) => inner != null)
              .sort(([one], [other]) => (one < other ? -1 : 1)),
          )
        : part,
    ) ?? ''
  );
}

const atOnce = 5_000;
const isOld = sql`k.created_at < now() - interval '1 day'`;
const old = globalStatement(rows({ tenantId: uuid, owner: text, key: text }))`
  select k.tenant_id as "tenantId", k.owner, k.key from idempotency_key k where ${isOld} order by k.created_at limit ${atOnce}`;
const deleteOld = statement(rows({ key: text }))`
  with old as (
    select k.owner, k.key from unnest(${parameter('owners', array(text))}, ${parameter('keys', array(text))}) g (owner, key)
    join idempotency_key k on k.owner = g.owner and k.key = g.key
    where k.tenant_id = ${tenant} and ${isOld} for update of k skip locked
  )
  delete from idempotency_key k using old where k.tenant_id = ${tenant} and k.owner = old.owner and k.key = old.key returning k.key`;

/**
 * Deletes the idempotency keys that are older than a day. Safe to run from several replicas at once. It asks `stopped`
 * between some of them and ends early.
 */
export async function sweepIdempotencyKeys(
  { query }: Pick<Database, 'query'>,
  stopped: () => boolean = () => false,
): Promise<void> {
  await sweepByTenant(
    atOnce,
    () => query(old),
    async (tenantId, found) => {
      const names = { owners: found.map(({ owner }) => owner), keys: found.map(({ key }) => key) };
      return (await query(deleteOld, { tenantId, ...names })).length;
    },
    stopped,
  );
}
