import type { MemberStatus } from '../database/generated/client.ts';

/** A row as PostgreSQL writes it in JSON, by its columns. It is written back as it was read. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** What one field of the survivor was before a merge, and after it. */
export type FilledField = { field: string; before: unknown; after: unknown };

/** A field that both had: what the survivor kept, and what was dropped. */
export type MergeConflict = { field: string; kept: string; dropped: string };

/** A user that was merged away, with what was theirs. */
export type MergedUser = {
  row: StoredRow;
  displayName: string;
  identifiers: readonly StoredRow[];
  /** Memberships that moved, by id. */
  moved: readonly string[];
  /** Memberships in conversations in which the survivor had one, with its id and status before and after. */
  dropped: readonly { row: StoredRow; keptId: string; before: MemberStatus; after: MemberStatus }[];
  /** The ids that led to this user. */
  led: readonly string[];
};

/** What `merge.record` holds: enough to undo it. */
export type MergeRecord = {
  displayName: string;
  filled: readonly FilledField[];
  conflicts: readonly MergeConflict[];
  from: readonly MergedUser[];
};

/** A merge as it is shown. */
export type Merge = {
  id: string;
  into: { id: string; displayName: string };
  from: { id: string; displayName: string }[];
  mergedAt: Date;
  actorKind: string;
  actorId: string;
  conflicts: readonly MergeConflict[];
  undoneAt: Date | null;
};
