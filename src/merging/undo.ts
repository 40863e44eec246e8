import type { TenantDatabase } from '../database/database.ts';
import type { ExternalUser, Participant } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { Problem } from '../errors/catalogue.ts';
import { deleteRedirects, lockMerge, markUndone, shownMerge } from './merges.ts';
import type { Merge, NotRestored } from './record.ts';
import { undoParticipants } from './undo-participants.ts';
import { undoUsers } from './undo-users.ts';

/** Those of an undone merge: the survivor first. One of the lists is empty. */
export type Undone = { merge: Merge; users: ExternalUser[]; participants: Participant[]; notRestored: NotRestored[] };

/** The error for a merge that the tenant does not have. */
export const mergeNotFound = (id: string) => new Problem('MERGE_NOT_FOUND', `There is no merge ${id}.`);

/**
 * Brings back who was merged, with what was theirs and has not changed since. What has is named in `notRestored`.
 * Throws MERGE_NOT_FOUND, and CONFLICT where the merge was undone already, or where its survivor was merged into
 * another: then that merge must be undone first.
 */
export async function undoMerge(
  db: TenantDatabase,
  input: { mergeId: string },
  hooks: Pick<ParticipantHooks, 'channelsChanged'>,
): Promise<Undone> {
  const id = asUuid(input.mergeId);
  if (!id) throw mergeNotFound(input.mergeId);
  return db.queueFor(id).transaction(async (tx) => {
    const [merge] = await tx.query(lockMerge, { id });
    if (!merge) throw mergeNotFound(id);
    if (merge.undoneAt) throw new Problem('CONFLICT', 'The merge was undone already.');
    const { intoId, record } = merge;
    const notRestored: NotRestored[] = [];
    const { back, ...those } =
      record.kind === 'PARTICIPANT'
        ? { users: [], ...(await undoParticipants(tx, merge, record, notRestored, hooks)) }
        : { participants: [], ...(await undoUsers(tx, intoId, record, notRestored)) };
    await tx.query(deleteRedirects, { id, ids: back });
    const [undone] = await tx.query(markUndone, { id });
    return { merge: shownMerge(undone ?? merge), ...those, notRestored };
  });
}
