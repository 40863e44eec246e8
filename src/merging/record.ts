import type { MemberStatus } from '../database/generated/client.ts';

/** A row as PostgreSQL writes it in JSON, by its columns. It is written back as it was read. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** What one field of the survivor was before a merge, and after it. */
export type FilledField = { field: string; before: unknown; after: unknown };

/** A field that both had: what the survivor kept, and what was dropped. */
export type MergeConflict = { field: string; kept: string; dropped: string };

/** Memberships that moved, by id, and those in conversations in which the survivor had one, with its status. */
export type MergedMemberships = {
  moved: readonly string[];
  dropped: readonly { row: StoredRow; keptId: string; before: MemberStatus; after: MemberStatus }[];
};

/** Somebody who was merged away, with what was theirs. */
export type MergedAway = MergedMemberships & {
  row: StoredRow;
  displayName: string;
  /** The ids that led to them. */
  led: readonly string[];
};

/** An external user that was merged away. */
export type MergedUser = MergedAway & { identifiers: readonly StoredRow[] };

/** What came of the messages of a channel. */
export type ChannelFacts = { messageCount: number; lastMessageAt: string | null };

/** A participant that was merged away. What moved is named by its id. */
export type MergedParticipant = MergedAway & {
  channels: {
    moved: readonly string[];
    /** Channels of which the survivor had the same, with its facts before and after. */
    dropped: readonly { row: StoredRow; keptId: string; before: ChannelFacts; after: ChannelFacts }[];
  };
  bindings: {
    moved: readonly string[];
    /** Bindings to agents that the survivor is bound to, with the webhook keys that moved, and those that ended. */
    dropped: readonly { row: StoredRow; keptId: string; keys: readonly string[]; ended: readonly string[] }[];
  };
  /** What was known of the last syncs of its avatar. */
  syncs: { job: StoredRow | null; outcome: StoredRow | null };
};

type Recorded<Gone> = {
  /** Which merge of the survivor this is. Those from before it was counted have none, and come first. */
  place?: number;
  /** What an undo of an earlier merge of the survivor has found to be lost already. */
  lost?: readonly NotRestored[];
  displayName: string;
  filled: readonly FilledField[];
  conflicts: readonly MergeConflict[];
  from: readonly Gone[];
};

/** What `merge.record` holds of external users: enough to undo it. */
export type UsersRecord = Recorded<MergedUser> & { kind?: 'EXTERNAL_USER' };

/** The same of participants. */
export type ParticipantsRecord = Recorded<MergedParticipant> & { kind: 'PARTICIPANT' };

/** What `merge.record` holds. */
export type MergeRecord = UsersRecord | ParticipantsRecord;

/** A merge as it is shown. */
export type Merge = {
  id: string;
  kind: 'EXTERNAL_USER' | 'PARTICIPANT';
  into: { id: string; displayName: string };
  from: { id: string; displayName: string }[];
  mergedAt: Date;
  actorKind: string;
  actorId: string;
  conflicts: readonly MergeConflict[];
  undoneAt: Date | null;
};

/** Who is there again, and what a merge had filled by those who are not. */
export type Back = { back: string[]; left: FilledField[] };

/** What could not be given back, and whose it was. */
export type NotRestored = { subjectId: string; field: string; detail: string };
