import { system } from '../database/actor.ts';
import type { Database, TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { DuplicateStage, MergedKind } from '../database/generated/client.ts';
import { lowestId } from '../database/ids.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { literal, name, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { globalStatement, statement } from '../database/sql/statement.ts';
import { assured, boolean, enumeration, nullable, textOf, uuid } from '../database/sql/types.ts';
import { findCandidates, maxMembers } from './candidates.ts';
import { findKeysOfParticipants, findKeysOfUsers, usersLedToBy } from './keys.ts';

/** How many are looked at, and how many entries of the history, in one transaction. */
const atOnce = 2_000;

// Entries of transactions that are still open may have lower ids than those that can be seen. An open transaction has
// begun before its entries.
const horizon = sql`(select (lpad(to_hex(floor(extract(epoch from least(clock_timestamp(), min(a.xact_start))) * 1000)::bigint), 12, '0')
    || '70008000000000000000')::uuid
  from pg_stat_activity a where a.datname = current_database() and a.backend_xid is not null and a.pid <> pg_backend_pid())`;

const stage = enumeration<DuplicateStage>('DuplicateStage');

const waiting = globalStatement(rows({ tenantId: uuid }))`
  select t.id as "tenantId" from tenant t left join duplicate_progress p on p.tenant_id = t.id
  where p.tenant_id is null or p.stage <> 'CHANGES'
    or exists (select from history_entry h where h.tenant_id = t.id and h.id > p.followed_id)
  order by t.id`;

// An import and the search would keep two connections busy, and others wait for a processor. What was imported is
// looked at when the import is over, or nobody works on it. Each step asks, since an import may begin after the first.
// A dry run writes nothing.
const isImporting = sql`exists (select from data_job j where j.tenant_id = ${tenant} and j.state = 'RUNNING'
    and j.direction = 'IMPORT' and not j.is_dry_run and j.lease_until > now())`;

const begin = statement(nothing)`
  insert into duplicate_progress (tenant_id, followed_id, stage, scanned_id)
  select ${tenant}, ${horizon}, 'USERS', ${literal(lowestId)}::uuid from tenant t
  where t.id = ${tenant} and not exists (select from duplicate_progress p where p.tenant_id = ${tenant})
  on conflict do nothing`;
const progress = statement(
  rows({
    followedId: uuid,
    stage,
    scannedId: uuid,
    horizon: assured(uuid),
  }),
)`
  select p.followed_id as "followedId", p.stage, p.scanned_id as "scannedId", ${horizon} as horizon
  from duplicate_progress p where p.tenant_id = ${tenant} and not ${isImporting} for update skip locked`;

const after = parameter('after', uuid);
const next = (table: string) => statement(rows({ id: uuid }))`
  select x.id from ${name(table)} x where x.tenant_id = ${tenant} and x.id > ${after} order by x.id limit ${atOnce}`;
const nextUsers = next('external_user');
const nextParticipants = next('participant');
const nextShared = statement(rows({ id: uuid }))`
  select k.digest as id from duplicate_key k where k.tenant_id = ${tenant} and k.digest > ${after}
  group by k.digest having count(*) between 2 and ${maxMembers} order by k.digest limit ${atOnce}`;
const scanned = statement(nothing)`
  update duplicate_progress p set stage = ${parameter('stage', stage)}, scanned_id = ${parameter('scannedId', uuid)}
  where p.tenant_id = ${tenant}`;

/** The first search: what a stage looks at, a slice at a time, and which comes after it. */
const scans: Readonly<Record<Exclude<DuplicateStage, 'CHANGES'>, Scan>> = {
  USERS: { next: nextUsers, look: findKeysOfUsers, after: 'PARTICIPANTS' },
  PARTICIPANTS: { next: nextParticipants, look: findKeysOfParticipants, after: 'CANDIDATES' },
  CANDIDATES: { next: nextShared, look: (tx, digests) => findCandidates(tx, digests, []), after: 'CHANGES' },
};
type Scan = {
  next: typeof nextShared;
  look(tx: TenantTransaction, ids: readonly string[]): Promise<unknown>;
  after: DuplicateStage;
};

// The database says which of them concern somebody here: most entries of a busy tenant do not, and each that is
// read out of it costs this process time.
const entries = statement(
  rows({ lastId: uuid, isEnd: boolean, kind: nullable(textOf<MergedKind>()), subjectId: nullable(uuid) }),
)`
  with slice as materialized (
    select h.id, h.subject_type, h.about_id, case when h.subject_type = 'Channel' then (h.before ->> 'participant_id')::uuid end as former_id
    from history_entry h where h.tenant_id = ${tenant} and h.id > ${after} and h.id < ${parameter('until', uuid)} order by h.id limit ${atOnce}
  )
  select last.id as "lastId", (select count(*) < ${atOnce} from slice) as "isEnd", changed.kind, changed.id as "subjectId"
  from (select s.id from slice s order by s.id desc limit 1) last left join (
    select 'EXTERNAL_USER' as kind, s.about_id as id from slice s where s.subject_type in ('ExternalUser', 'ExternalUserIdentifier')
    union select 'PARTICIPANT', s.about_id from slice s where s.subject_type in ('Participant', 'Channel')
    union select 'PARTICIPANT', s.former_id from slice s where s.former_id is not null
  ) changed on true order by changed.id`;
const followed = statement(nothing)`
  update duplicate_progress p set followed_id = ${parameter('followedId', uuid)} where p.tenant_id = ${tenant}`;

/** Finds the keys of these anew, and who may be the same as somebody among them. */
async function lookAgain(tx: TenantTransaction, userIds: readonly string[], participantIds: readonly string[]) {
  const led = participantIds.length > 0 ? await usersLedToBy(tx, participantIds) : [];
  const users = [...new Set([...userIds, ...led])].sort();
  const keys = [
    ...(users.length > 0 ? await findKeysOfUsers(tx, users) : []),
    ...(participantIds.length > 0 ? await findKeysOfParticipants(tx, participantIds) : []),
  ];
  await findCandidates(tx, keys, [...users, ...participantIds]);
}

type Step = 'again' | 'done';

/** The next step of a tenant, in one transaction: a slice of the first search, or of what has changed since. */
async function step(tx: TenantTransaction): Promise<Step> {
  const [at] = await tx.query(progress);
  // Another process does it, or it waits for an import.
  if (!at) return 'done';
  if (at.stage === 'CHANGES') return follow(tx, at.followedId, at.horizon);
  const { next, look, after } = scans[at.stage];
  const ids = (await tx.query(next, { after: at.scannedId })).map(({ id }) => id);
  if (ids.length > 0) await look(tx, ids);
  const isEnd = ids.length < atOnce;
  await tx.query(scanned, {
    stage: isEnd ? after : at.stage,
    scannedId: isEnd ? lowestId : (ids.at(-1) ?? lowestId),
  });
  return 'again';
}

async function follow(tx: TenantTransaction, followedId: string, until: string): Promise<Step> {
  const found = await tx.query(entries, { after: followedId, until });
  const [first] = found;
  if (!first) return 'done';
  const idsOf = (kind: MergedKind) =>
    found.flatMap((each) => (each.kind === kind && each.subjectId ? each.subjectId : []));
  const [users, participants] = [idsOf('EXTERNAL_USER'), idsOf('PARTICIPANT')];
  if (users.length + participants.length > 0) await lookAgain(tx, users, participants);
  await tx.query(followed, { followedId: first.lastId });
  return first.isEnd ? 'done' : 'again';
}

/**
 * Looks for duplicates in every tenant: once in all that is there, and from then on in what the history says has
 * changed. Where it fails in a tenant, it says so to `failed` and goes on with the next. Several replicas may run it at
 * once. It asks `stopped` before each step and ends early.
 */
export async function findDuplicates(
  database: Pick<Database, 'query' | 'forTenant'>,
  failed: (error: unknown, tenantId: string) => void,
  stopped: () => boolean = () => false,
): Promise<void> {
  for (const { tenantId } of await database.query(waiting)) {
    if (stopped()) return;
    const db: TenantDatabase = database.forTenant(tenantId).as(system('the search for duplicates'));
    try {
      await db.query(begin);
      while (!stopped() && (await db.transaction(step)) === 'again');
    } catch (error) {
      failed(error, tenantId);
    }
  }
}
