import type { TenantDatabase } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { keyset, pagesOf } from '../database/keyset.ts';
import { oneByUuid } from '../database/loaders.ts';
import type { PageArguments } from '../database/pages.ts';
import { rows } from '../database/sql/columns.ts';
import { anyKey, none, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { batchedRead, statement } from '../database/sql/statement.ts';
import { assured, integer, json, nullable, text, textOf, timestamptz, uuid } from '../database/sql/types.ts';
import { lockParticipant } from '../directory/participants/lock.ts';
import { type ErrorCode, Problem } from '../errors/catalogue.ts';
import { type SyncableProviders, syncableChannels } from './syncable.ts';

/** A background sync that was given up. */
export type AvatarSyncFailure = {
  id: string;
  participantId: string;
  provider: string;
  address: string;
  attempts: number;
  error: { code: ErrorCode; status: number; detail: string };
  failedAt: Date;
};

export type FailureFilter = { agentId?: string | null | undefined; code?: string | null | undefined };

const everything = {};
const failure = {
  ...sql`j.id, j.participant_id as "participantId", i.provider, j.address, j.attempts, j.finished_at as "failedAt",
    json_build_object('code', j.error_code, 'status', j.error_status, 'detail', j.error_detail) as error`,
  ...rows({
    id: uuid,
    participantId: uuid,
    provider: text,
    address: text,
    attempts: integer,
    failedAt: assured(timestamptz),
    error: json<AvatarSyncFailure['error']>(),
  }),
};

const pages = pagesOf({
  keyset: keyset(
    [
      { column: 'j.finished_at', type: 'timestamp' },
      { column: 'j.id', type: 'uuid' },
    ],
    true,
  ),
  keysOf: ({ failedAt, id }: AvatarSyncFailure) => [failedAt.toISOString(), id],
  select: () => failure,
  whole: (parts: object) => parts,
  from: (has: { agentId: boolean; code: boolean }, within) =>
    sql`avatar_sync_job j join integration_config i on i.tenant_id = j.tenant_id and i.id = j.integration_config_id
      where j.tenant_id = ${tenant} and j.state = 'FAILED'${
        has.agentId
          ? sql` and exists (select from binding b where b.tenant_id = j.tenant_id and b.participant_id = j.participant_id
              and b.agent_id = ${parameter('agentId', nullable(text))})`
          : none
      }${has.code ? sql` and j.error_code = ${parameter('code', nullable(text))}` : none}${within}`,
  read: (found: AvatarSyncFailure[]) => found,
});

/** Loads syncs that were given up by their ids. */
export const failureById = oneByUuid(
  statement(
    failure,
  )`select ${failure} from avatar_sync_job j join integration_config i on i.tenant_id = j.tenant_id and i.id = j.integration_config_id
    where j.tenant_id = ${tenant} and j.state = 'FAILED' and j.id = ${anyKey(uuid)}`,
  'id',
);

/**
 * Returns a page of the syncs that were given up, the newest first. Throws VALIDATION_FAILED for invalid page
 * arguments.
 */
export function pageOfFailures(
  db: TenantDatabase,
  { agentId = null, code = null }: FailureFilter,
  args: PageArguments,
) {
  return pages(db, { agentId: agentId !== null, code: code !== null }, { agentId, code }, args, everything);
}

/** Background syncs of one integration config that wait for another try for the same reason. */
export type WaitingSyncs = {
  integrationConfigId: string;
  code: ErrorCode;
  count: number;
  since: Date;
  nextAttemptAt: Date;
};

const waiting = statement(
  rows({
    integrationConfigId: uuid,
    code: assured(textOf<ErrorCode>()),
    count: integer,
    since: timestamptz,
    nextAttemptAt: timestamptz,
  }),
)`select j.integration_config_id as "integrationConfigId", j.error_code as code, count(*)::int as count,
    min(j.queued_at) as since, min(j.run_at) as "nextAttemptAt"
  from avatar_sync_job j where j.tenant_id = ${tenant} and j.state = 'QUEUED' and j.error_code is not null
  group by 1, 2 order by 3 desc, 1, 2 limit 1000`;

/** The waiting syncs by integration config and reason, the most frequent first. */
export const waitingSyncs = (db: TenantDatabase): Promise<WaitingSyncs[]> => db.query(waiting);

const jobById = statement(rows({ participantId: uuid }))`
  select j.participant_id as "participantId" from avatar_sync_job j where j.tenant_id = ${tenant} and j.id = ${parameter('id', uuid)}`;

// Starts with the first channel, or, where none can be synced, with the same one, which gives the reason.
const retry = statement(rows({ id: uuid }))`
  update avatar_sync_job j set state = 'QUEUED', attempts = 0, accounted = 0, again_config_id = null, again_address = null,
    generation = j.generation + 1, queued_at = now(), run_at = now(),
     finished_at = null, error_code = null, error_status = null, error_detail = null,
     (integration_config_id, address) = (
       select coalesce(s.integration_config_id, j.integration_config_id), coalesce(s.address, j.address)
       from (select 1) one left join lateral (${syncableChannels(sql`j.participant_id`)} limit 1) s on true)
   where j.tenant_id = ${tenant} and j.id = ${parameter('id', uuid)} and j.state = 'FAILED' returning j.id`;

/**
 * Queues a sync that was given up and returns the participant's id. Any other sync stays as it is. Throws
 * AVATAR_SYNC_NOT_FOUND.
 */
export async function retryAvatarSync(
  db: TenantDatabase,
  input: { id: string },
  syncable: SyncableProviders,
): Promise<string> {
  const id = asUuid(input.id);
  return db.transaction(async (tx) => {
    const [job] = id ? await tx.query(jobById, { id }) : [];
    if (!id || !job) throw new Problem('AVATAR_SYNC_NOT_FOUND', `There is no failed avatar sync ${input.id}.`);
    await lockParticipant(tx, job.participantId);
    if ((await tx.query(retry, { id, ...syncable })).length > 0) tx.announce('avatarSyncQueued', {});
    return job.participantId;
  });
}

/** The outcome of a participant's last automatic sync. */
export type AutoSync = {
  participantId: string;
  provider: string;
  address: string;
  attemptedAt: Date;
  /** The error with its status and detail. Null without one. */
  code: ErrorCode | null;
  status: number | null;
  detail: string | null;
};

const autoSync = rows({
  participantId: uuid,
  provider: text,
  address: text,
  attemptedAt: timestamptz,
  code: nullable(textOf<ErrorCode>()),
  status: nullable(integer),
  detail: nullable(text),
});

/** Selects outcomes of automatic syncs, `a`; conditions follow. */
export const selectAutoSyncs = sql`select a.participant_id as "participantId", a.provider, a.address, a.attempted_at as "attemptedAt",
      a.error_code as code, a.error_status as status, a.error_detail as detail
    from avatar_auto_sync a`;

/** The outcomes of automatic syncs, by participant. */
export const autoSyncByParticipant = oneByUuid(
  batchedRead(autoSync)`${selectAutoSyncs} where a.tenant_id = ${tenant} and a.participant_id = ${anyKey(uuid)}`,
  'participantId',
);

/** Until when integration configs wait for their provider, by config. Null for those that do not wait. */
export const pauseByConfig = oneByUuid(
  batchedRead(rows({ configId: uuid, until: timestamptz }))`
    select s.integration_config_id as "configId", s.until from avatar_sync_pause s
    where s.tenant_id = ${tenant} and s.integration_config_id = ${anyKey(uuid)} and s.until > now()`,
  'configId',
);
