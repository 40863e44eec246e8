import { isUnused } from '../avatars/files.ts';
import { sharedMerges } from '../database/merges-of.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { type Fragment, none, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, boolean, integer, text, timestamptz, uuid } from '../database/sql/types.ts';
import { entryIds, membershipIds, participantIds, senderIds, userIds } from './theirs.ts';

const only = rows({ id: uuid });
const withPath = rows({ id: uuid, path: text });

// What is exported of a person at the same time waits for it.
const lockOf = (shared: Fragment) =>
  statement(rows({ locked: assured(text) }))`
    select pg_advisory_xact_lock${shared}(hashtextextended('erasure ' || t.tenant_id::text, 0))::text as locked
    from (select ${tenant} as tenant_id) t where t.tenant_id = ${tenant}`;
export const lockErasures = lockOf(none);
export const awaitErasures = lockOf(sql`_shared`);
export const countErasures = statement(rows({ count: integer }))`
  select count(*)::int as count from erasure e where e.tenant_id = ${tenant}`;

/** Why a job ended: an import's file was withdrawn, and might bring the person back. */
const stopped =
  'Its file was withdrawn, because a person’s data was erased. Import it again without that person: what was written stays.';
const stoppedExport =
  'A person’s data was erased, and the filter of this export might have named them: start it again.';
export const stopJobs = statement(only)`
  update data_job j set state = 'FAILED', error_code = 'CONFLICT', finished_at = now(), worker_id = null, lease_until = null, filter = null,
    error_detail = case j.direction when 'IMPORT' then ${parameter('ofImports', text)} else ${parameter('ofExports', text)} end
  where j.tenant_id = ${tenant} and (j.direction = 'IMPORT' or j.filter is not null) and j.state in ('QUEUED', 'RUNNING') returning j.id`;
export const whyStopped = { ofImports: stopped, ofExports: stoppedExport };
export const forgotten = 'The reason was forgotten, because a person’s data was erased.';

// A mapping names columns of a file, and so do those that were not read: somebody may have taken a person's row for
// the names.
export const forgetColumns = statement(nothing)`
  update data_job j set mapping = null, unread_columns = '{}', error_detail = case
      when j.error_detail is null or j.error_detail in (${parameter('ofImports', text)}, ${parameter('ofExports', text)}) then j.error_detail
      else ${parameter('forgotten', text)} end
  where j.tenant_id = ${tenant} and (j.mapping is not null or j.unread_columns <> '{}' or j.error_detail is not null)`;

// They begin anew. A worker that has read the person already cannot finish: the job is not its own any more.
export const beginExportsAnew = statement(only)`
  update data_job j set state = 'QUEUED', run_at = now(), worker_id = null, lease_until = null, attempts = greatest(0, j.attempts - 1)
  where j.tenant_id = ${tenant} and j.direction = 'EXPORT' and j.state = 'RUNNING' returning j.id`;

export const lockUsers = statement(only)`
  select u.id from external_user u where u.tenant_id = ${tenant} and u.id = any(${userIds}) order by u.id for update`;
export const lockParticipants = statement(only)`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id = any(${participantIds}) order by p.id for update`;

// The pictures of participants, as their history names them: those of before too.
export const picturesOf = statement(rows({ id: assured(uuid) }))`
  select p.avatar_file_id as id from participant p
  where p.tenant_id = ${tenant} and p.id = any(${participantIds}) and p.avatar_file_id is not null
  union
  select v.id::uuid from history_entry h cross join lateral (
    values (h.before ->> 'avatar_file_id'), (h.after ->> 'avatar_file_id')) v (id)
  where h.tenant_id = ${tenant} and h.about_id = any(${parameter('ids', array(uuid))}) and v.id is not null`;

export const removeMemberships = statement(rows({ id: uuid, conversationId: uuid }))`
  delete from conversation_member m where m.tenant_id = ${tenant} and m.id in (${membershipIds})
  returning m.id, m.conversation_id as "conversationId"`;

export const removeUsers = statement(only)`
  delete from external_user u where u.tenant_id = ${tenant} and u.id = any(${userIds}) returning u.id`;

export const removeSenders = statement(only)`
  delete from unknown_sender s where s.tenant_id = ${tenant} and s.id in (${senderIds}) returning s.id`;

export const removeKeys = statement(nothing)`
  delete from idempotency_key k where k.tenant_id = ${tenant} and k.result_ids && ${parameter('idTexts', array(text))}`;

// What others were while the person was merged with them. Their entries of that time may have anything of the person.
export const mergedTimes = statement(rows({ id: assured(uuid), since: timestamptz, until: assured(timestamptz) }))`
  with recursive ${sharedMerges}
  select p.id, s.merged_at as since, s.undone_at as until from shared s cross join unnest(s.people) p (id)`;

export const removeHistory = statement(rows({ count: integer }))`
  with gone as (
    delete from history_entry h where h.tenant_id = ${tenant} and h.id in (${entryIds}
      union select h.id from unnest(${parameter('otherIds', array(uuid))}, ${parameter('since', array(timestamptz))}, ${parameter('until', array(timestamptz))}) o (id, since, until)
        join history_entry h on h.tenant_id = ${tenant} and h.about_id = o.id
        where h.occurred_at between o.since and o.until)
    returning h.id
  ) select count(*)::int as count from gone`;

export const dropFiles = statement(withPath)`
  update file f set content_hash = null, touched_at = now()
  where f.tenant_id = ${tenant} and f.id = any(${parameter('fileIds', array(uuid))})
    and ${isUnused}
  returning f.id, f.path`;

export const expireData = statement(withPath)`
  update data_file f set expires_at = now() - interval '1 hour' where f.tenant_id = ${tenant} returning f.id, f.path`;

export const record = statement(only)`
  insert into erasure (tenant_id, id, digest, is_blocked, external_users, participants, memberships, history_entries, files, erased_by)
  select t.tenant_id, ${parameter('id', uuid)}, ${parameter('digest', text)}, ${parameter('isBlocked', boolean)},
    ${parameter('externalUsers', integer)}, ${parameter('participants', integer)}, ${parameter('memberships', integer)},
    ${parameter('historyEntries', integer)}, ${parameter('files', integer)}, ${parameter('by', text)}
  from (select ${tenant} as tenant_id) t where t.tenant_id = ${tenant}
  returning id`;

export const block = statement(rows({ digest: text }))`
  insert into blocked_digest as b (tenant_id, digest, erasure_id)
  select ${tenant}, d.digest, ${parameter('id', uuid)} from unnest(${parameter('digests', array(text))}) d (digest)
  on conflict (tenant_id, digest) do update set erasure_id = excluded.erasure_id where b.tenant_id = ${tenant} returning b.digest`;
