import { sweepByTenant } from '../database/by-tenant.ts';
import type { Database, TenantDatabase } from '../database/database.ts';
import type { DataJob } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { oneByUuid } from '../database/loaders.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { anyKey, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { array, boolean, nullable, type SqlType, text, uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Storage } from '../storage/storage.ts';
import type { UploadedFile } from '../storage/uploaded-file.ts';
import { isStorableJson } from '../values/json-object.ts';
import { isField, type Kind } from './fields.ts';
import { storeContent, storeDataFile } from './files.ts';
import { type ExportFilter, keptFilter } from './filtered.ts';
import type { OnConflict } from './outcome.ts';

export type Format = 'CSV' | 'NDJSON';

/** The unchecked input of startImport. */
export type ImportInput = {
  kind: Kind;
  format: Format;
  file: UploadedFile;
  mapping?: Readonly<Record<string, unknown>> | null | undefined;
  onConflict?: OnConflict | null | undefined;
  dryRun?: boolean | null | undefined;
};

const job = columns('DataJob', 'j');

/** Imports and exports by their ids. */
export const jobById = oneByUuid(
  statement(job)`select ${job} from data_job j where j.tenant_id = ${tenant} and j.id = ${anyKey(uuid)}`,
  'id',
);

/** The error for an import that the tenant does not have. */
export const importNotFound = (id: string) => new Problem('FILE_NOT_FOUND', `There is no import ${id}.`);

const jsonb: SqlType<string | null> = { name: 'jsonb', isNullable: true };
const insert = statement(rows({ id: uuid }))`
  insert into data_job (tenant_id, id, direction, kind, format, mapping, filter, on_conflict, is_dry_run, file_id, begun_by)
  select t.tenant_id, ${parameter('id', uuid)}, ${parameter('direction', text)}, ${parameter('kind', text)}, ${parameter('format', text)},
    ${parameter('mapping', jsonb)}, ${parameter('filter', jsonb)}, ${parameter('onConflict', text)}, ${parameter('isDryRun', boolean)},
    ${parameter('fileId', nullable(uuid))}, ${parameter('begunBy', text)}
  from (select ${tenant} as tenant_id) t where t.tenant_id = ${tenant}
  returning id`;

type NewJob = {
  id: string;
  direction: 'IMPORT' | 'EXPORT';
  kind: Kind;
  format: Format;
  mapping: string | null;
  filter: string | null;
  onConflict: OnConflict;
  isDryRun: boolean;
  fileId: string | null;
  begunBy: string;
};

/** The JSON text of an input. Throws VALIDATION_FAILED for characters that cannot be stored. */
function storable(name: 'mapping' | 'filter', value: object): string {
  const json = JSON.stringify(value);
  if (isStorableJson(json)) return json;
  const message = 'must not contain characters that are no text';
  throw new Problem('VALIDATION_FAILED', `The ${name} ${message}.`, { errors: [{ path: ['input', name], message }] });
}

/** Queues a job, and tells the workers of it. */
const queued = (db: TenantDatabase, job: NewJob): Promise<string> =>
  db.transaction(async (tx) => {
    await tx.query(insert, job);
    tx.announce('dataJobQueued', {});
    return job.id;
  });

/**
 * Stores a file and queues its import. Returns the import's id. Throws VALIDATION_FAILED for a mapping of fields that
 * the kind does not have.
 */
export async function startImport(
  db: TenantDatabase,
  { kind, format, file, mapping = null, onConflict, dryRun }: ImportInput,
  storage: Pick<Storage, 'put' | 'putStream'>,
  begunBy: string,
  id: string = newId(),
): Promise<string> {
  const errors = Object.entries(mapping ?? {}).flatMap(([field, column]) => [
    ...(isField(kind, field) ? [] : [{ path: ['input', 'mapping', field], message: 'is no field of this kind' }]),
    ...(typeof column === 'string' ? [] : [{ path: ['input', 'mapping', field], message: 'must be a column’s name' }]),
  ]);
  if (errors[0])
    throw new Problem('VALIDATION_FAILED', `The ${errors[0].path.at(-1)} ${errors[0].message}.`, { errors });
  const keptMapping = mapping && storable('mapping', mapping);
  const contentType = format === 'CSV' ? 'text/csv; charset=utf-8' : 'application/x-ndjson';
  const facts = { name: `import.${format.toLowerCase()}`, contentType };
  const fileId = file.held
    ? await storeDataFile(db, storage, facts, file.held)
    : await storeContent(db, storage, facts, file);
  return queued(db, {
    id,
    direction: 'IMPORT',
    kind,
    format,
    mapping: keptMapping,
    filter: null,
    onConflict: onConflict ?? 'SKIP',
    isDryRun: dryRun === true,
    fileId,
    begunBy,
  });
}

/**
 * Queues an export of a kind, of everything or of what the filter of its list means, and returns its id. Throws
 * VALIDATION_FAILED for the filter of another kind, and for one that the list refuses.
 */
export async function startExport(
  db: TenantDatabase,
  { kind, format, filter }: { kind: Kind; format: Format; filter?: ExportFilter | null | undefined },
  begunBy: string,
  id: string = newId(),
): Promise<string> {
  const none = { mapping: null, onConflict: 'SKIP', isDryRun: false, fileId: null } as const;
  const meant = await keptFilter(db, kind, filter);
  return queued(db, {
    id,
    direction: 'EXPORT',
    kind,
    format,
    filter: meant && storable('filter', meant),
    ...none,
    begunBy,
  });
}

const cancel = statement(rows({ id: uuid }))`
  with cancelled as (
    update data_job j set state = 'CANCELLED', finished_at = now(), worker_id = null, lease_until = null
    where j.tenant_id = ${tenant} and j.id = ${parameter('id', uuid)} and j.state in ('QUEUED', 'RUNNING') returning j.id
  ), told as (
    delete from data_rejection r using cancelled c where r.tenant_id = ${tenant} and r.job_id = c.id
  ) select c.id from cancelled c`;

/** How long a job is kept after it was over, in days. */
export const jobDays = 30;

const atOnce = 100;
const isOld = sql`j.finished_at < now() - ${jobDays} * interval '1 day'`;
const old = globalStatement(rows({ tenantId: uuid, id: uuid }))`
  select j.tenant_id as "tenantId", j.id from data_job j where ${isOld} order by j.finished_at limit ${atOnce}`;
const deleteOld = statement(rows({ id: uuid }))`
  with old as (
    select j.id from data_job j where j.tenant_id = ${tenant} and j.id = any(${parameter('ids', array(uuid))}) and ${isOld}
    for update skip locked
  ) delete from data_job j using old where j.tenant_id = ${tenant} and j.id = old.id returning j.id`;

/** Deletes jobs that were over long ago. It asks `stopped` between some of them and ends early. */
export async function sweepDataJobs({ query }: Pick<Database, 'query'>, stopped = () => false): Promise<void> {
  await sweepByTenant(
    atOnce,
    () => query(old),
    async (tenantId, found) => (await query(deleteOld, { tenantId, ids: found.map(({ id }) => id) })).length,
    stopped,
  );
}

/**
 * Ends an import: what it has written stays. One that is over stays as it is. Returns its id. Throws FILE_NOT_FOUND for
 * an import that the tenant does not have.
 */
export async function cancelImport(db: TenantDatabase, input: { id: string }): Promise<string> {
  const id = asUuid(input.id);
  const [known] = id ? await jobById.load(db, [id]) : [];
  if (!id || !known || known.direction !== 'IMPORT') throw importNotFound(input.id);
  await db.query(cancel, { id });
  db.announce('dataJobChanged', { jobId: id });
  return id;
}

/** Returns the seconds until a job is done if it goes on as it has until now. Null until that is known. */
export function secondsLeft(
  { state, startedAt, totalRows, doneRows }: Pick<DataJob, 'state' | 'startedAt' | 'totalRows' | 'doneRows'>,
  now: number,
): number | null {
  if (state === 'DONE' || state === 'FAILED' || state === 'CANCELLED') return 0;
  if (!startedAt || totalRows === null || doneRows === 0) return null;
  const each = (now - startedAt.getTime()) / doneRows;
  return Math.max(0, Math.round((each * (totalRows - doneRows)) / 1_000));
}
