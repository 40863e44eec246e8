import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { byTenant } from '../database/by-tenant.ts';
import type { Database } from '../database/database.ts';
import { lowestId } from '../database/ids.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { globalStatement } from '../database/sql/statement.ts';
import { boolean, nullable, text, uuid } from '../database/sql/types.ts';
import { channels, identifiers, type Key, names, type Pass, searched, senders, users } from './backfill-passes.ts';

/** How many rows are read at once. They are locked and written tenant by tenant. */
const batch = 1_000;
/** Of how many tenants a step is. Each takes some statements more of a transaction, whose time is limited. */
const maxTenants = 50;
const tries = 4;

const pass = parameter('name', text);
const finished = globalStatement(rows({ name: text }))`select b.name from backfill b where b.finished_at is not null`;
const begin = globalStatement(nothing)`insert into backfill (name) values (${pass}) on conflict do nothing`;
const take = globalStatement(rows({ tenantId: nullable(uuid), id: nullable(uuid) }))`
  select b.after_tenant as "tenantId", b.after_id as id from backfill b
  where b.name = ${pass} and b.finished_at is null for update skip locked`;
const goOn = globalStatement(nothing)`
  update backfill set after_tenant = ${parameter('tenantId', nullable(uuid))}, after_id = ${parameter('id', nullable(uuid))},
    finished_at = case when ${parameter('isOver', boolean)} then now() end
  where name = ${pass}`;

/**
 * Runs one batch of a pass in its own transaction: of so many rows and tenants at the most. Returns whether there is
 * more for this process to do.
 */
const step = <Row extends Key>(database: Database, { name, find, read, write }: Pass<Row>): Promise<boolean> =>
  database.transaction(async (query) => {
    // Missing when the pass is finished, or when another process has it.
    const [from] = await query(take, { name });
    if (!from) return false;
    const found = await query(find, { tenantId: from.tenantId ?? lowestId, id: from.id ?? lowestId, max: batch });
    const tenants = [...byTenant(found)].slice(0, maxTenants);
    for (const [tenantId, theirs] of tenants) {
      const rows = await query(read, { tenantId, ids: theirs.map(({ id }) => id) });
      // Deleted meanwhile.
      if (rows.length > 0) await write(query, tenantId, rows);
    }
    const last = tenants.at(-1)?.[1].at(-1);
    const isOver = found.length < batch && last === found.at(-1);
    await query(goOn, { name, tenantId: last?.tenantId ?? from.tenantId, id: last?.id ?? from.id, isOver });
    return !isOver;
  });

async function run<Row extends Key>(
  database: Database,
  pass: Pass<Row>,
  log: Logger,
  signal?: AbortSignal,
): Promise<void> {
  await database.query(begin, { name: pass.name });
  for (let more = true; more && !signal?.aborted; ) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        more = await step(database, pass);
        break;
      } catch (error) {
        // Another transaction took the same key between the read and the write, or holds the same rows.
        if (attempt >= tries) throw error;
        log.warn({ err: error, attempt }, `a batch of the pass over ${pass.name} is tried again`);
      }
    }
  }
}

/**
 * Computes the keys of stored addresses, telephone numbers and names by the rules of this version. Every row and its id
 * stay, and only rows that differ are written, in batches of a thousand rows or fifty tenants that each commit. A
 * stopped pass continues where it ended, and a pass of another process is left to it. Until a row's turn it is compared
 * as it was stored. A failed pass is logged and continues at the next start. The signal stops it after a batch.
 */
export async function backfillKeys(database: Database, log: Logger, signal?: AbortSignal): Promise<void> {
  await runAll(await unfinished(database), database, log, signal);
}

type NamedPass = { name: string; run(database: Database, log: Logger, signal?: AbortSignal): Promise<void> };
const named = <Row extends Key>(pass: Pass<Row>): NamedPass => ({
  name: pass.name,
  run: (database, log, signal) => run(database, pass, log, signal),
});
const keys = [named(channels), named(senders), named(users), named(names), named(identifiers)];
const passes: readonly NamedPass[] = [...keys, ...searched.map(named)];

async function unfinished(database: Database): Promise<readonly NamedPass[]> {
  const over = new Set((await database.query(finished)).map(({ name }) => name));
  return passes.filter(({ name }) => !over.has(name));
}

async function runAll(passes: readonly NamedPass[], database: Database, log: Logger, signal?: AbortSignal) {
  for (const pass of passes) {
    if (signal?.aborted) return;
    await pass
      .run(database, log, signal)
      .catch((error: unknown) => log.warn({ err: error }, `the pass over ${pass.name} was not finished`));
  }
}

/** How long a start waits for the keys. A small database has them by then. */
const startWaitsMs = 2_000;

/**
 * Begins to compute the keys, and returns how to stop that. Waits for a short time, so that a service on a small
 * database has all keys when it answers; on a large one the rest is done while it answers.
 */
export async function startBackfill(database: Database, log: Logger): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  const done = runAll(await unfinished(database), database, log, stopping.signal);
  await Promise.race([done, sleep(startWaitsMs, undefined, { ref: false })]);
  return () => {
    stopping.abort();
    return done;
  };
}
