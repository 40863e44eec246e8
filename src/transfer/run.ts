import { system } from '../database/actor.ts';
import type { Database, TenantDatabase, TenantTransaction } from '../database/database.ts';
import { problemBehind } from '../database/failures.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, integer, nullable, type SqlType, text, uuid } from '../database/sql/types.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { Problem } from '../errors/catalogue.ts';
import { openSpool, type Spool } from '../storage/spool.ts';
import type { Storage } from '../storage/storage.ts';
import { csvCell } from './csv.ts';
import { type ExportedJob, exportPieces } from './export.ts';
import { createUnread, type Kind } from './fields.ts';
import { findDataFile, storeContent, withdrawDataFile } from './files.ts';
import type { Format } from './jobs.ts';
import type { Given, OnConflict, Outcome, Writing } from './outcome.ts';
import type { LeasedJob } from './queue.ts';
import { type FileRow, rowsIn } from './records.ts';
import { createTurns } from './turns.ts';
import { createRehearsal, fullBatch, inTransaction, overlapsOf, type Rehearsal, weightOf, writeRows } from './write.ts';

/** How often a job is begun that ends its process or meets what nobody expected, without coming on meanwhile. */
const maxAttempts = 5;
/** Refused rows that the file of them has at the most. */
const maxReported = 100_000;
const rejectionsAtOnce = 5_000;

const id = parameter('id', uuid);
const workerId = parameter('workerId', uuid);
const jsonText: SqlType<string> = { name: 'json', isNullable: false };

const count = statement(nothing)`
  update data_job j set total_rows = ${parameter('total', integer)}, unread_columns = ${parameter('unread', array(text))} where j.tenant_id = ${tenant} and j.id = ${id} and j.worker_id = ${workerId}`;

// Written by the batch's own transaction: a batch is done if and only if this says so.
const advance = statement(rows({ id: uuid }))`
  update data_job j set done_rows = j.done_rows + ${parameter('done', integer)}, created_rows = j.created_rows + ${parameter('created', integer)},
    updated_rows = j.updated_rows + ${parameter('updated', integer)}, unchanged_rows = j.unchanged_rows + ${parameter('unchanged', integer)},
    rejected_rows = j.rejected_rows + ${parameter('rejected', integer)}, attempts = 0
  where j.tenant_id = ${tenant} and j.id = ${id} and j.state = 'RUNNING' and j.worker_id = ${workerId}
    and j.done_rows = ${parameter('before', integer)} returning j.id`;

const reject = statement(nothing)`
  insert into data_rejection (tenant_id, job_id, line, field, reason)
  select j.tenant_id, j.id, g.line, g.field, g.reason
  from data_job j cross join json_to_recordset(${parameter('rows', jsonText)}) as g (line int, field text, reason text)
  where j.tenant_id = ${tenant} and j.id = ${id} on conflict do nothing`;

const rejections = statement(rows({ line: integer, field: nullable(text), reason: text }))`
  select r.line, r.field, r.reason from data_rejection r
  where r.tenant_id = ${tenant} and r.job_id = ${id} and r.line > ${parameter('last', integer)} order by r.line limit ${rejectionsAtOnce}`;

// The refused rows are in their file by now.
const finish = statement(rows({ id: uuid }))`
  with finished as (
    update data_job j set state = ${parameter('state', text)}, finished_at = now(), worker_id = null, lease_until = null, filter = null,
      error_code = ${parameter('code', nullable(text))}, error_detail = ${parameter('detail', nullable(text))},
      file_id = coalesce(${parameter('fileId', nullable(uuid))}, j.file_id), rejected_file_id = ${parameter('rejectedFileId', nullable(uuid))},
      total_rows = ${parameter('total', nullable(integer))}, done_rows = coalesce(${parameter('doneRows', nullable(integer))}, j.done_rows)
    where j.tenant_id = ${tenant} and j.id = ${id} and j.state = 'RUNNING' and j.worker_id = ${workerId} returning j.id
  ), told as (
    delete from data_rejection r using finished f where r.tenant_id = ${tenant} and r.job_id = f.id
  ) select f.id from finished f`;

/** The job is somebody else's by now, or was cancelled: nothing of the batch is written. */
class Lost extends Error {
  constructor() {
    super('The job is not this worker’s any more.');
  }
}

async function withSpool(work: (spool: Spool) => Promise<void>): Promise<void> {
  const spool = await openSpool();
  try {
    await work(spool);
  } finally {
    await spool.close();
  }
}

/** What a job is run with. */
export type RunWorld = {
  database: Database;
  storage: Pick<Storage, 'open' | 'putStream'>;
  hooks: ParticipantHooks;
  /** Called with what nobody expected of a row, which is refused. */
  unexpected(error: unknown): void;
};

type End = {
  state: 'DONE' | 'FAILED';
  total?: number | null;
  doneRows?: number;
  problem?: Problem;
  fileId?: string;
  rejectedFileId?: string | null;
};

/** Returns the function that does a leased job, and records how it went. It throws for what may pass. */
export function createDataJobRunner({ database, storage, hooks, unexpected }: RunWorld) {
  /** Runs work with a copy of the job's file, which is read twice, and slowly. */
  async function withFile(job: LeasedJob, work: (file: Spool) => Promise<void>): Promise<void> {
    const file = job.fileId && (await findDataFile(database, job.fileId));
    const stored = file && (await storage.open(file.path));
    if (!stored) throw new Problem('UNPROCESSABLE', 'The file is not there any more: import it again.');
    await withSpool(async (spool) => {
      await spool.write(await stored.read());
      await work(spool);
    });
  }

  /** Counts a batch in its transaction. Throws Lost. */
  async function settle(
    tx: Pick<TenantTransaction, 'query'>,
    job: LeasedJob,
    at: Progress,
    done: number,
    { created, updated, unchanged, rejected }: Outcome,
  ): Promise<void> {
    const counts = { created, updated, unchanged, rejected: rejected.length };
    const own = { id: job.id, workerId: job.workerId, before: at.done, done };
    if ((await tx.query(advance, { ...own, ...counts })).length === 0) throw new Lost();
    const told = rejected.slice(0, Math.max(0, maxReported - at.rejected));
    if (told.length > 0) await tx.query(reject, { id: job.id, rows: JSON.stringify(told) });
  }

  /** Writes a batch and counts it. */
  async function write(
    db: TenantDatabase,
    job: LeasedJob,
    at: Progress,
    batch: readonly FileRow[],
    writing: Writing,
    rehearsal: Rehearsal | null,
  ): Promise<Outcome> {
    const refused = batch.flatMap((row) => ('reason' in row ? [row] : []));
    const given = batch.flatMap((row): Given[] => ('fields' in row ? [row] : []));
    const rehearsed = rehearsal && (await rehearsal(given));
    return inTransaction(db, async (tx) => {
      const outcome = rehearsed ?? (await writeRows(tx, job.kind as Kind, given, writing, hooks));
      const whole = { ...outcome, rejected: [...outcome.rejected, ...refused] };
      await settle(tx, job, at, batch.length, whole);
      return whole;
    });
  }

  async function importFile(db: TenantDatabase, job: LeasedJob, file: Spool): Promise<void> {
    const kind = job.kind as Kind;
    const mapping = job.mapping as Readonly<Record<string, unknown>> | null;
    const form = { kind, format: job.format as Format, mapping };
    const onConflict = job.onConflict as OnConflict;
    const overlaps = job.isDryRun || onConflict === 'UPDATE' ? overlapsOf(kind, db.tenantId) : null;
    const writing: Writing = { onConflict, unexpected };
    if (overlaps && onConflict === 'UPDATE') writing.file = overlaps;
    const rehearsal = overlaps && job.isDryRun ? createRehearsal(db, kind, writing, hooks, overlaps) : null;
    const turn = createTurns();
    let total = job.totalRows;
    if (total === null || overlaps) {
      total = 0;
      const unread = createUnread();
      for await (const row of rowsIn(form, file.read(), unread)) {
        total += 1;
        if ('fields' in row) overlaps?.note(row);
        await turn();
      }
      await db.query(count, { id: job.id, workerId: job.workerId, total, unread: unread.columns });
    }
    if (overlaps?.hasAny)
      for await (const row of rowsIn(form, file.read())) {
        if ('fields' in row) overlaps.keep(row);
        await turn();
      }
    const at: Progress = { done: job.doneRows, rejected: job.rejectedRows };
    let seen = 0;
    let batch: FileRow[] = [];
    let weight = 0;
    const flush = async () => {
      if (batch.length === 0) return;
      const { rejected } = await write(db, job, at, batch, writing, rehearsal);
      at.done += batch.length;
      at.rejected += rejected.length;
      batch = [];
      weight = 0;
      db.announce('dataJobChanged', { jobId: job.id });
    };
    for await (const row of rowsIn(form, file.read())) {
      seen += 1;
      // What was done before the job was begun again.
      if (seen <= job.doneRows) continue;
      batch.push(row);
      weight += weightOf(kind, row);
      if (weight >= fullBatch) await flush();
    }
    await flush();
    await end(db, job, { state: 'DONE', total, rejectedFileId: await rejectedFile(db, job) });
  }

  async function rejectedFile(db: TenantDatabase, job: LeasedJob): Promise<string | null> {
    let fileId: string | null = null;
    await withSpool(async (spool) => {
      for (let last = 0; ; ) {
        const found: { line: number; field: string | null; reason: string }[] = await db.query(rejections, {
          id: job.id,
          last,
        });
        if (last === 0) {
          if (found.length === 0) return;
          await spool.write(['line,field,reason\r\n']);
        }
        await spool.write(found.map(({ line, field, reason }) => `${line},${csvCell(field)},${csvCell(reason)}\r\n`));
        if (found.length < rejectionsAtOnce) break;
        last = found.at(-1)?.line ?? last;
      }
      const facts = { name: 'rejected-rows.csv', contentType: 'text/csv; charset=utf-8' };
      fileId = await storeContent(db, storage, facts, spool);
    });
    return fileId;
  }

  async function exportAll(db: TenantDatabase, job: LeasedJob, spool: Spool): Promise<void> {
    let total = 0;
    await spool.write(
      exportPieces(db, job as ExportedJob, (more) => {
        total += more;
      }),
    );
    const extension = job.format.toLowerCase();
    const contentType = job.format === 'CSV' ? 'text/csv; charset=utf-8' : 'application/x-ndjson';
    const fileId = await storeContent(db, storage, { name: `export.${extension}`, contentType }, spool);
    // It began anew, or was cancelled: it may hold a person who was erased meanwhile.
    if (!(await end(db, job, { state: 'DONE', total, doneRows: total, fileId }))) await withdrawDataFile(db, fileId);
  }

  /** Returns whether the job was still this worker's. */
  async function end(db: TenantDatabase, job: LeasedJob, { state, problem, ...of }: End): Promise<boolean> {
    const finished = await db.query(finish, {
      id: job.id,
      workerId: job.workerId,
      state,
      code: problem?.code ?? null,
      detail: problem?.message ?? null,
      fileId: of.fileId ?? null,
      rejectedFileId: of.rejectedFileId ?? null,
      total: of.total ?? job.totalRows,
      doneRows: of.doneRows ?? null,
    });
    db.announce('dataJobChanged', { jobId: job.id });
    return finished.length > 0;
  }

  return async (job: LeasedJob): Promise<void> => {
    const cause = `${job.direction === 'IMPORT' ? 'import' : 'export'}, begun by ${job.begunBy}`;
    const db = database.forTenant(job.tenantId).as(system(cause, job.id));
    try {
      if (job.attempts > maxAttempts)
        throw new Problem('UNPROCESSABLE', 'It was begun several times and never came to an end.');
      if (job.direction === 'IMPORT') await withFile(job, (file) => importFile(db, job, file));
      else await withSpool((spool) => exportAll(db, job, spool));
    } catch (error) {
      if (error instanceof Lost) return;
      const problem = problemBehind(error);
      // Outages pass: the worker gives the job back.
      if (problem.code === 'UNAVAILABLE' || (problem.code === 'INTERNAL' && job.attempts < maxAttempts)) throw error;
      await end(db, job, { state: 'FAILED', problem });
    }
  };
}

/** How many rows of a file are done, and how many of them were refused. */
type Progress = { done: number; rejected: number };
