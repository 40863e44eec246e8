/** How far a server has come in its write-ahead log. */
export type Position = {
  inRecovery: boolean;
  /** Of a primary: after every change that it has acknowledged. Of a standby: what it has replayed. Null of neither. */
  at: bigint | null;
  /** Which cluster it is, or a copy of. */
  system: string;
  /** Grows with each promotion. */
  timeline: number;
};

/** The same as PostgreSQL gives it. */
export type StoredPosition = Omit<Position, 'at'> & { at: string | null; started: string };

// A standby says its timeline when it has written down how far it must recover: some time after a promotion.
export const positionSql = `select pg_is_in_recovery() as "inRecovery",
  extract(epoch from pg_postmaster_start_time())::text as started,
  pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_insert_lsn() end, '0/0')::text as at,
  (select c.system_identifier::text from pg_control_system() c) as system,
  case when pg_is_in_recovery()
    then greatest((select c.timeline_id from pg_control_checkpoint() c), (select r.min_recovery_end_timeline from pg_control_recovery() r))
    else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end as timeline`;

export const positionOf = ({ inRecovery, at, system, timeline }: StoredPosition): Position => ({
  inRecovery,
  at: at === null ? null : BigInt(at),
  system,
  timeline,
});
