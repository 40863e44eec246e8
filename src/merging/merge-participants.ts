import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import type { Channel, Participant } from '../database/generated/client.ts';
import { columns, nothing } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';
import { announceParticipant } from '../directory/participants/announce.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { participantNotFound } from '../directory/participants/lock.ts';
import { asListed, type ListedParticipant, participantRow } from '../directory/participants/queries.ts';
import { moveBindings } from './bindings.ts';
import { moveChannels } from './channels.ts';
import { moveMemberships } from './memberships.ts';
import { leadingTo, type MergeRow } from './merges.ts';
import { type Actor, demandAll, inMerge, invalidFrom, type MergeInput, mergedIds, storeMerge } from './merging.ts';
import type { FilledField, Merge, MergeConflict, MergedParticipant, ParticipantsRecord } from './record.ts';
import { storedBy } from './stored-rows.ts';

const participant = columns('Participant', 'p');
const ids = parameter('ids', array(uuid));

/** Locks participants for good, in the order of their ids, so that two merges of the same ones wait for each other. */
export const lockParticipants = statement(participant)`
  select ${participant} from participant p where p.tenant_id = ${tenant} and p.id = any(${ids}) order by p.id for update`;
const channel = columns('Channel', 'c');
/** Locks all channels of participants, in the order in which messages are recorded in them. */
export const lockChannels = statement(channel)`
  select ${channel} from channel c where c.tenant_id = ${tenant} and c.participant_id = any(${ids}) order by c.id for no key update`;
const storedParticipant = storedBy('participant', 'id');
const storedJob = storedBy('avatar_sync_job', 'participant_id');
const storedOutcome = storedBy('avatar_auto_sync', 'participant_id');
const remove = statement(nothing)`delete from participant p where p.tenant_id = ${tenant} and p.id = any(${ids})`;

const withParts = participantRow({ own: null, channels: { own: null }, agentIds: true });
const whole = statement(withParts)`
  select ${withParts} from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('id', uuid)}`;

/** The survivor with its channels and agents, and the merge. */
export type MergedParticipants = { participant: ListedParticipant; merge: Merge };

/**
 * Merges participants of one kind into one, which keeps its id: channels, bindings and memberships move, and the ids of
 * the others lead to it. It gets an e-mail address and an avatar where it has none. With `preview` it does the same and
 * changes nothing. Throws PARTICIPANT_NOT_FOUND, VALIDATION_FAILED for a merge with oneself, across kinds, or to more
 * than 100 channels, and CONFLICT for a participant that was merged already.
 */
export function mergeParticipants(
  db: TenantDatabase,
  actor: Actor,
  given: MergeInput,
  hooks: Pick<ParticipantHooks, 'channelsChanged'>,
): Promise<MergedParticipants> {
  const { into, from } = mergedIds(given, participantNotFound);
  return inMerge(db, into, given.preview === true, (tx) => merge(tx, actor, { into, from, given }, hooks));
}

/** The columns of an avatar. */
const avatarFields = [
  'avatarFileId',
  'avatarSource',
  'avatarSourceConfigId',
  'avatarSourceAddress',
  'avatarSyncedAt',
] as const;

/** A participant's avatar, as it is written in JSON. Null without one. */
export function avatarOf(of: Participant) {
  if (of.avatarFileId === null) return null;
  const { avatarFileId, avatarSource, avatarSourceConfigId, avatarSourceAddress, avatarSyncedAt } = of;
  return {
    avatarFileId,
    avatarSource,
    avatarSourceConfigId,
    avatarSourceAddress,
    avatarSyncedAt: avatarSyncedAt?.toISOString() ?? null,
  };
}

/** What the survivor gets from another, which lacks it; what both have with another value is told as a conflict. */
function fill(survivor: Participant, other: Participant, conflicts: MergeConflict[]): Partial<Participant> {
  for (const field of ['displayName', 'email', 'relatedAgentId'] as const) {
    const [kept, dropped] = [survivor[field], other[field]];
    if (kept !== null && dropped !== null && kept !== dropped) conflicts.push({ field, kept, dropped });
  }
  const takesAvatar = survivor.avatarFileId === null && other.avatarFileId !== null;
  return {
    ...(survivor.email === null && other.email !== null && { email: other.email }),
    ...(takesAvatar && Object.fromEntries(avatarFields.map((field) => [field, other[field]]))),
  };
}

type Ids = { into: string; from: readonly string[]; given: MergeInput };

async function lockAll(tx: TenantTransaction, { into, from, given }: Ids) {
  const all = [into, ...from];
  const locked = await tx.query(lockParticipants, { ids: all });
  const [survivor, ...others] = (await demandAll(tx, 'PARTICIPANT', all, locked, participantNotFound)) as [
    Participant,
    ...Participant[],
  ];
  for (const { id, kind } of others) {
    if (kind === survivor.kind) continue;
    const index = given.fromIds.findIndex((named) => named.toLowerCase() === id);
    throw invalidFrom(Math.max(index, 0), `must be of the kind ${survivor.kind}, as the survivor is`);
  }
  return { survivor, others, channels: await tx.query(lockChannels, { ids: all }) };
}

async function merge(
  tx: TenantTransaction,
  actor: Actor,
  input: Ids,
  hooks: Pick<ParticipantHooks, 'channelsChanged'>,
): Promise<MergedParticipants> {
  const { into } = input;
  const locked = await lockAll(tx, input);
  const { survivor, record } = await mergeInto(tx, locked, null);
  const stored = await storeMerge(tx, actor, into, record);
  // An avatar that the survivor has stays, also one from a channel that is not the first any more.
  if (survivor.avatarFileId === null) {
    const moved = new Set(record.from.flatMap((each) => each.channels.moved));
    const added = locked.channels.filter(({ id }) => moved.has(id)).map(({ provider }) => provider);
    await hooks.channelsChanged(tx, into, { gone: false, added, reordered: false });
  }
  announceParticipant(tx, into);
  const rows = await tx.query(whole, { id: into });
  asListed(rows);
  return { participant: rows[0] ?? survivor, merge: stored };
}

/** Merges participants again who were there for a short time in the same transaction. */
export async function mergeParticipantsAgain(
  tx: TenantTransaction,
  { intoId, mergedAt }: Pick<MergeRow, 'intoId' | 'mergedAt'>,
  back: readonly string[],
): Promise<ParticipantsRecord> {
  const ids = [intoId, ...back];
  const found = await tx.query(lockParticipants, { ids });
  const inOrder = ids.flatMap((id) => found.find((each) => each.id === id) ?? []);
  const [survivor, ...others] = inOrder as [Participant, ...Participant[]];
  const channels = await tx.query(lockChannels, { ids });
  return (await mergeInto(tx, { survivor, others, channels }, mergedAt)).record;
}

type Locked = { survivor: Participant; others: readonly Participant[]; channels: Channel[] };

/**
 * Merges locked participants into another. Returns the survivor, and what it takes to undo it. `at` is when it was done
 * first, or null.
 */
async function mergeInto(tx: TenantTransaction, { survivor: before, others, channels }: Locked, at: Date | null) {
  const { id: into } = before;
  let survivor = before;
  const conflicts: MergeConflict[] = [];
  const gone: MergedParticipant[] = [];
  for (const other of others) {
    const merged = await mergeOne(tx, { into, other, at }, channels, conflicts);
    const changes = fill(survivor, other, conflicts);
    survivor = await tx.participant.update({
      where: { tenantId_id: { tenantId: tx.tenantId, id: into } },
      data: { ...changes, modifiedAt: tx.now() },
    });
    gone.push(merged);
  }
  const [emails, avatars] = [
    [before.email, survivor.email],
    [avatarOf(before), avatarOf(survivor)],
  ];
  const filled: FilledField[] = [
    ...(emails[0] === emails[1] ? [] : [{ field: 'email', before: emails[0], after: emails[1] }]),
    ...(avatars[0] === null && avatars[1] !== null ? [{ field: 'avatar', before: null, after: avatars[1] }] : []),
  ];
  const { displayName } = survivor;
  const record: ParticipantsRecord = { kind: 'PARTICIPANT', displayName, filled, conflicts, from: gone };
  return { survivor, record };
}

/** Moves what one participant has, and deletes it. `channels` are those of all, whose owners it keeps up to date. */
async function mergeOne(
  tx: TenantTransaction,
  { into, other: { id: fromId, displayName }, at }: { into: string; other: Participant; at: Date | null },
  channels: Channel[],
  conflicts: MergeConflict[],
): Promise<MergedParticipant> {
  const ids = [fromId];
  const [stored] = await tx.query(storedParticipant, { ids });
  const [job] = await tx.query(storedJob, { ids });
  const [outcome] = await tx.query(storedOutcome, { ids });
  const led = await tx.query(leadingTo, { kind: 'PARTICIPANT', id: fromId });
  const { agentIds, ...bindings } = await moveBindings(tx, { fromId, intoId: into, at }, conflicts);
  const merged: MergedParticipant = {
    row: stored?.row ?? {},
    displayName,
    channels: await moveChannels(tx, fromId, into, channels),
    bindings,
    ...(await moveMemberships(tx, 'PARTICIPANT', fromId, into)),
    led: led.map(({ id }) => id),
    syncs: { job: job?.row ?? null, outcome: outcome?.row ?? null },
  };
  await tx.query(remove, { ids });
  announceParticipant(tx, fromId, agentIds);
  return merged;
}
