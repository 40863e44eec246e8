import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { sqlState } from '../database/failures.ts';
import type { ExternalUser, Participant } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import { announceParticipant } from '../directory/participants/announce.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { Problem } from '../errors/catalogue.ts';
import { netChanges } from './announcements.ts';
import { lockChannels, lockParticipants, mergeParticipantsAgain } from './merge-participants.ts';
import { lockUsers, mergeUsersAgain } from './merge-users.ts';
import {
  deleteRedirects,
  lockMerges,
  type MergeRow,
  markUndone,
  mergeRowById,
  mergeThatTook,
  setRecord,
  shownMerge,
} from './merges.ts';
import { redirectTo } from './merging.ts';
import type { Back, Merge, MergeRecord, NotRestored } from './record.ts';
import { undoParticipants } from './undo-participants.ts';
import { undoUsers } from './undo-users.ts';

/** Those of an undone merge: the survivor first. One of the lists is empty. */
export type Undone = { merge: Merge; users: ExternalUser[]; participants: Participant[]; notRestored: NotRestored[] };

/** The error for a merge that the tenant does not have. */
export const mergeNotFound = (id: string) => new Problem('MERGE_NOT_FOUND', `There is no merge ${id}.`);

const kindOf = ({ record }: MergeRow) => record.kind ?? 'EXTERNAL_USER';

/**
 * Brings back who was merged, with what was theirs and has not changed since. What has is named in `notRestored`.
 * Merges of the same survivor that came later hold, as if this one had never been. Throws MERGE_NOT_FOUND, and CONFLICT
 * where the merge was undone already, where its survivor was merged into another (then that merge must be undone first)
 * or would be left without an identifier, and where nobody can be there again.
 */
export async function undoMerge(
  db: TenantDatabase,
  input: { mergeId: string },
  hooks: Pick<ParticipantHooks, 'channelsChanged'>,
): Promise<Undone> {
  const id = asUuid(input.mergeId);
  const [known] = id ? await db.query(mergeRowById, { id }) : [];
  if (!id || !known) throw mergeNotFound(input.mergeId);
  try {
    return await db.queueFor(known.intoId).transaction((tx) => undo(tx, known, hooks));
  } catch (error) {
    if (sqlState(error) !== '23505') throw error;
    throw new Problem('CONFLICT', 'Somebody else has one of their identifiers by now: remove it there first.');
  }
}

async function undo(
  tx: TenantTransaction,
  known: MergeRow,
  hooks: Pick<ParticipantHooks, 'channelsChanged'>,
): Promise<Undone> {
  const { id, intoId } = known;
  const kind = kindOf(known);
  // The survivor first, as a merge and a deletion do, so that none of them waits for another in a circle.
  const ofParticipants = kind === 'PARTICIPANT';
  const locking = { ids: [intoId] };
  const [survivor] = ofParticipants ? await tx.query(lockParticipants, locking) : await tx.query(lockUsers, locking);
  if (ofParticipants) await tx.query(lockChannels, locking);
  const merges = await tx.query(lockMerges, { id, intoId });
  const place = merges.findIndex((each) => each.id === id);
  const merge = merges[place];
  if (!merge) throw mergeNotFound(id);
  if (merge.undoneAt) throw new Problem('CONFLICT', 'The merge was undone already.');
  if (!survivor) throw await survivorMerged(tx, merge);

  const notRestored: NotRestored[] = [...(merge.record.lost ?? [])];
  const { quiet, tell } = netChanges(tx);
  const later = await undoLater(quiet, merges.slice(place + 1));
  const undone = await undoOne(quiet, merge, notRestored);
  if (!undone) throw new Problem('CONFLICT', 'Nothing that they are known by is left, so nobody can be there again.');
  await mergeAgain(quiet, later);
  tell();

  // An avatar that the survivor has got from a channel that went back may show another person.
  if (ofParticipants) await hooks.channelsChanged(tx, intoId, { gone: true, added: [], reordered: false });
  if (ofParticipants && later.length > 0) announceParticipant(tx, intoId);
  // The last: the history of the undo must not be younger than the undo.
  const [row = merge] = await tx.query(markUndone, { id });
  const ids = [intoId, ...undone.back];
  const inOrder = <Row extends { id: string }>(rows: readonly Row[]) =>
    ids.flatMap((each) => rows.find((found) => found.id === each) ?? []);
  const result = { merge: shownMerge(row), users: [], participants: [], notRestored };
  if (!ofParticipants) return { ...result, users: inOrder(await tx.query(lockUsers, { ids })) };
  return { ...result, participants: inOrder(await tx.query(lockParticipants, { ids })) };
}

async function survivorMerged(tx: TenantTransaction, merge: MergeRow): Promise<Problem> {
  const [took] = await tx.query(mergeThatTook, { kind: kindOf(merge), id: merge.intoId });
  const first = took ? `Undo the merge ${took.mergeId} first.` : 'They are gone.';
  return new Problem('CONFLICT', `Who it was merged into was merged into another since. ${first}`);
}

/** Undoes one merge. Returns null where nobody can be there again, and then changes nothing. */
async function undoOne(tx: TenantTransaction, merge: MergeRow, notRestored: NotRestored[]): Promise<Back | null> {
  const { id, record } = merge;
  const undone =
    record.kind === 'PARTICIPANT'
      ? await undoParticipants(tx, merge, record, notRestored)
      : await undoUsers(tx, merge, record, notRestored);
  if (undone) await tx.query(deleteRedirects, { id, ids: undone.back });
  return undone;
}

type Later = { merge: MergeRow; undone: Back; lost: NotRestored[] };

/** Undoes merges that came later, the last first. Those that bring nobody back stay as they are. */
async function undoLater(tx: TenantTransaction, merges: readonly MergeRow[]): Promise<Later[]> {
  const later: Later[] = [];
  for (const merge of [...merges].reverse()) {
    const lost: NotRestored[] = [];
    const undone = await undoOne(tx, merge, lost);
    if (undone) later.unshift({ merge, undone, lost });
  }
  return later;
}

/** Makes merges again that were undone in the same transaction, in the order in which they were made. */
async function mergeAgain(tx: TenantTransaction, later: readonly Later[]): Promise<void> {
  for (const { merge, undone, lost } of later) {
    const ids = merge.record.from.map(({ row }) => String(row['id'])).filter((id) => undone.back.includes(id));
    const record =
      merge.record.kind === 'PARTICIPANT'
        ? await mergeParticipantsAgain(tx, merge, ids)
        : await mergeUsersAgain(tx, merge, ids);
    await redirectTo(tx, merge, record);
    await tx.query(setRecord, { id: merge.id, record: JSON.stringify(rebased(merge.record, record, undone, lost)) });
  }
}

/** The record of a merge that was made again. Who could not be there for it stays in it as they were. */
function rebased(before: MergeRecord, again: MergeRecord, { left }: Back, lost: readonly NotRestored[]): MergeRecord {
  const byId = new Map(again.from.map((gone) => [gone.row['id'], gone]));
  return {
    ...again,
    ...(before.place !== undefined && { place: before.place }),
    filled: [...left, ...again.filled],
    lost: [...(before.lost ?? []), ...lost.filter(({ field }) => field !== 'id')],
    from: before.from.map((gone) => byId.get(gone.row['id']) ?? gone),
  } as MergeRecord;
}
