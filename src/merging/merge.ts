import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { ExternalUser, MemberStatus, Prisma } from '../database/generated/client.ts';
import { asUuid, newId } from '../database/ids.ts';
import { Problem } from '../errors/catalogue.ts';
import { displayNameOf, externalUserNotFound } from '../external-users/external-users.ts';
import { fieldOf, identifierKeys, phoneColumns } from '../external-users/identifiers.ts';
import { checked } from '../values/checked.ts';
import { shownMerge } from './merges.ts';
import type { FilledField, Merge, MergeConflict, MergedUser, MergeRecord } from './record.ts';
import * as run from './statements.ts';

/** Who merges: the kind and the id of the viewer. */
export type Actor = { kind: string; id: string };

const mostFrom = 20;
const input = z.object({
  fromIds: z.array(z.string()).min(1, 'must not be empty').max(mostFrom, `must be at most ${mostFrom} users`),
});

/** Who stays, and who is merged into them. */
export type MergeInput = {
  intoId: string;
  fromIds: readonly string[];
  preview?: boolean | null | undefined;
};

const isMerged = (id: string) => new Problem('CONFLICT', `The external user ${id} was merged into another already.`);

/** Returns the ids of an input as UUIDs. Throws VALIDATION_FAILED where somebody would be merged into themselves. */
function idsOf({ intoId, fromIds }: MergeInput) {
  checked(input, { fromIds });
  const into = asUuid(intoId);
  if (!into) throw externalUserNotFound(intoId);
  const from = fromIds.map((id) => {
    const uuid = asUuid(id);
    if (!uuid) throw externalUserNotFound(id);
    return uuid;
  });
  const own = from.indexOf(into);
  if (own >= 0) {
    const errors = [{ path: ['input', 'fromIds', own], message: 'must not be who the others are merged into' }];
    throw new Problem('VALIDATION_FAILED', `fromIds.${own} ${errors[0]?.message}`, { errors });
  }
  return { into, from: [...new Set(from)] };
}

const plainFields = ['firstName', 'lastName', 'fkUserId', 'context', 'source'] as const;
type Changes = { [Field in (typeof plainFields)[number] | 'email' | 'phoneNumber' | 'fkId']?: string } & {
  metadata?: Record<string, unknown>;
};

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fills what the survivor lacks from another user, and says what both have. */
function fill(survivor: ExternalUser, other: ExternalUser, conflicts: MergeConflict[]): Changes {
  const changes: Changes = {};
  for (const field of plainFields) {
    const [kept, theirs] = [survivor[field], other[field]];
    if (theirs === null || theirs === kept) continue;
    if (kept === null) changes[field] = theirs;
    else conflicts.push({ field, kept, dropped: theirs });
  }
  for (const key of identifierKeys) {
    const [kept, theirs] = [survivor[fieldOf(key)], other[fieldOf(key)]];
    // Both stay: the other's becomes one of the survivor's that is not primary.
    if (theirs !== null && kept === null) changes[fieldOf(key)] = theirs;
  }
  if (isObject(other.metadata)) {
    const kept = isObject(survivor.metadata) ? survivor.metadata : {};
    for (const [name, dropped] of Object.entries(other.metadata))
      if (Object.hasOwn(kept, name) && !isDeepStrictEqual(kept[name], dropped))
        conflicts.push({
          field: `metadata.${name}`,
          kept: JSON.stringify(kept[name]),
          dropped: JSON.stringify(dropped),
        });
    const merged = { ...other.metadata, ...kept };
    if (!isDeepStrictEqual(merged, kept)) changes.metadata = merged;
  }
  return changes;
}

const order: readonly MemberStatus[] = ['PENDING', 'INVITED', 'ACTIVE'];

/** Moves the memberships of a user. In the same conversation the survivor's stays, with the more advanced status. */
async function moveMemberships(tx: TenantTransaction, fromId: string, intoId: string) {
  const occurredAt = tx.now().toISOString();
  const told = (conversationId: string, membershipId: string, change: 'UPDATED' | 'REMOVED') =>
    tx.announce('conversationParticipantChanged', { conversationId, membershipId, change, occurredAt });
  const both = await tx.query(run.sharedMemberships, { fromId, intoId });
  const dropped = both.map(({ dropped, keptId, keptStatus, droppedStatus }) => ({
    row: dropped,
    keptId,
    before: keptStatus,
    after: order.indexOf(droppedStatus) > order.indexOf(keptStatus) ? droppedStatus : keptStatus,
  }));
  await tx.query(run.deleteMemberships, { ids: both.map(({ droppedId }) => droppedId) });
  const raised = dropped.filter(({ before, after }) => before !== after);
  await tx.query(run.setStatuses, {
    ids: raised.map(({ keptId }) => keptId),
    statuses: raised.map(({ after }) => after),
  });
  const moved = await tx.query(run.moveMemberships, { fromId, intoId });
  for (const { conversationId, droppedId } of both) told(conversationId, droppedId, 'REMOVED');
  for (const { conversationId, keptId } of both)
    if (raised.some((its) => its.keptId === keptId)) told(conversationId, keptId, 'UPDATED');
  for (const { conversationId, id } of moved) told(conversationId, id, 'UPDATED');
  return { dropped, moved: moved.map(({ id }) => id) };
}

/** Carries what a preview found out of the transaction that it rolls back. */
class Previewed extends Error {
  readonly found: Merged;
  constructor(found: Merged) {
    super('A preview changes nothing.');
    this.found = found;
  }
}

/** The survivor, and the merge. */
export type Merged = { user: ExternalUser; merge: Merge };

/**
 * Merges external users into one, which keeps its id: identifiers and memberships move, what it lacks is filled, and
 * the ids of the others lead to it. With `preview` it does the same and changes nothing. Throws
 * EXTERNAL_USER_NOT_FOUND, VALIDATION_FAILED for a merge with oneself, and CONFLICT for a user that was merged already.
 */
export async function mergeExternalUsers(db: TenantDatabase, actor: Actor, given: MergeInput): Promise<Merged> {
  const { into, from } = idsOf(given);
  try {
    return await db.queueFor(into).transaction(async (tx) => {
      const merged = await merge(tx, actor, into, from);
      if (given.preview) throw new Previewed(merged);
      return merged;
    });
  } catch (error) {
    if (error instanceof Previewed) return error.found;
    throw error;
  }
}

async function merge(tx: TenantTransaction, actor: Actor, into: string, from: readonly string[]): Promise<Merged> {
  // Locked in the order of ids, so that two merges of the same users wait for each other.
  const locked = new Map((await tx.query(run.lockUsers, { ids: [into, ...from] })).map((user) => [user.id, user]));
  for (const id of [into, ...from]) {
    if (locked.has(id)) continue;
    throw (await tx.query(run.redirect, { id })).length > 0 ? isMerged(id) : externalUserNotFound(id);
  }
  const before = locked.get(into) as ExternalUser;
  let survivor = before;
  const conflicts: MergeConflict[] = [];
  const gone: MergedUser[] = [];
  const id = newId();
  for (const fromId of from) {
    const other = locked.get(fromId) as ExternalUser;
    const [stored] = await tx.query(run.storedUser, { id: fromId });
    const identifiers = await tx.query(run.storedIdentifiers, { id: fromId });
    const led = await tx.query(run.leadingTo, { id: fromId });
    await tx.query(run.moveIdentifiers, { fromId, intoId: into });
    const memberships = await moveMemberships(tx, fromId, into);
    await tx.query(run.deleteUser, { id: fromId });
    const { metadata, ...changes } = fill(survivor, other, conflicts);
    const data = {
      ...changes,
      ...(changes.phoneNumber !== undefined && phoneColumns(changes.phoneNumber)),
      ...(metadata && { metadata: metadata as Prisma.InputJsonObject }),
    };
    if (Object.keys(data).length > 0)
      survivor = await tx.externalUser.update({ where: { tenantId_id: { tenantId: tx.tenantId, id: into } }, data });
    gone.push({
      row: stored?.row ?? {},
      displayName: displayNameOf(other),
      identifiers: identifiers.map(({ row }) => row),
      ...memberships,
      led: led.map(({ id }) => id),
    });
  }
  const fields = [...plainFields, ...identifierKeys.map(fieldOf), 'metadata'] as const;
  const filled = fields.flatMap((field): FilledField[] =>
    isDeepStrictEqual(before[field], survivor[field]) ? [] : [{ field, before: before[field], after: survivor[field] }],
  );
  const record: MergeRecord = { displayName: displayNameOf(survivor), filled, conflicts, from: gone };
  const [row] = await tx.query(run.insertMerge, {
    id,
    intoId: into,
    actorKind: actor.kind,
    actorId: actor.id,
    record: JSON.stringify(record),
  });
  await tx.query(run.redirectAll, { ids: [...from], intoId: into, mergeId: id });
  if (!row) throw new Error('An insert returned no row.');
  return { user: survivor, merge: shownMerge({ ...row, record }) };
}
