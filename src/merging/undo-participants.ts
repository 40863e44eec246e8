import { isDeepStrictEqual } from 'node:util';
import { type AvatarColumns, noAvatar } from '../avatars/files.ts';
import type { TenantTransaction } from '../database/database.ts';
import type { Participant } from '../database/generated/client.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { text } from '../database/sql/types.ts';
import { announceParticipant } from '../directory/participants/announce.ts';
import { giveBackBindings } from './bindings.ts';
import { giveBackChannels } from './channels.ts';
import { giveBackMemberships } from './memberships.ts';
import { avatarOf, lockParticipants } from './merge-participants.ts';
import { leadAgain } from './merges.ts';
import type { Back, FilledField, MergedParticipant, NotRestored, ParticipantsRecord, StoredRow } from './record.ts';
import { again } from './stored-rows.ts';

const presentAgent = statement(rows({ id: text }))`
  select a.id from agent a where a.tenant_id = ${tenant} and a.id = ${parameter('id', text)} for key share`;
const restoreParticipant = again('participant');
const restoreJob = again('avatar_sync_job');
const restoreOutcome = again('avatar_auto_sync');

type Merged = { intoId: string; mergedAt: Date };

/**
 * Undoes a merge of participants in its transaction. Returns who is there again, or null where nobody can be: then it
 * has changed nothing. `unbound` gets the agents that the survivor is not bound to any more.
 */
export async function undoParticipants(
  tx: TenantTransaction,
  merged: Merged,
  record: ParticipantsRecord,
  notRestored: NotRestored[],
): Promise<Back | null> {
  const { intoId } = merged;
  const [survivor] = await tx.query(lockParticipants, { ids: [intoId] });
  if (!survivor) throw new Error('The survivor was locked before.');
  const canBeBack: MergedParticipant[] = [];
  for (const gone of record.from) if (await hasAgent(tx, gone)) canBeBack.push(gone);
  if (canBeBack.length === 0) return null;
  const left = record.filled.filter((its) => !canBeBack.some((gone) => mayComeFrom(gone, its)));
  const { changed, kept } = unfilled(
    survivor,
    record.filled.filter((its) => !left.includes(its)),
  );
  for (const field of kept)
    notRestored.push({ subjectId: intoId, field, detail: `${field} was changed since the merge, and stays as it is.` });
  await tx.participant.update({
    where: { tenantId_id: { tenantId: tx.tenantId, id: intoId } },
    data: { ...changed, modifiedAt: tx.now() },
  });
  const back: string[] = [];
  const unbound: string[] = [];
  // The last first: one membership may have been dropped for another that moved before.
  for (const gone of [...record.from].reverse()) {
    const id = String(gone.row['id']);
    if (!canBeBack.includes(gone)) {
      const detail = `The agent ${gone.row['related_agent_id']} was deleted since the merge, so it stays merged.`;
      notRestored.push({ subjectId: id, field: 'id', detail });
      continue;
    }
    unbound.push(...(await bringBack(tx, merged, gone, notRestored)));
    back.push(id);
    await tx.query(leadAgain, { kind: 'PARTICIPANT', id, ids: [...gone.led], intoId });
  }
  announceParticipant(tx, intoId, unbound);
  for (const id of back) announceParticipant(tx, id);
  return { back, left };
}

/** Whether the agent that a participant stands for is there, or it stands for none. Nobody deletes it meanwhile. */
async function hasAgent(tx: TenantTransaction, { row }: MergedParticipant): Promise<boolean> {
  const id = row['related_agent_id'];
  return typeof id !== 'string' || (await tx.query(presentAgent, { id })).length > 0;
}

/** Whether what a merge has filled may be this participant's. */
function mayComeFrom({ row }: MergedParticipant, { field, after }: FilledField): boolean {
  if (field !== 'avatar') return row['email'] === after;
  return row['avatar_file_id'] === (after as Partial<AvatarColumns> | null)?.avatarFileId;
}

/** What the survivor's filled fields are set back to, and the fields that were changed since. */
function unfilled(survivor: Participant, filled: readonly FilledField[]) {
  const changed: Partial<AvatarColumns> & { email?: null } = {};
  const kept: string[] = [];
  for (const { field, after } of filled) {
    const now = field === 'avatar' ? avatarOf(survivor) : survivor.email;
    if (!isDeepStrictEqual(now, after)) kept.push(field);
    else Object.assign(changed, field === 'avatar' ? noAvatar : { email: null });
  }
  return { changed, kept };
}

/** Brings one participant back. Returns the agents that it has from the survivor. */
async function bringBack(
  tx: TenantTransaction,
  { intoId, mergedAt }: Merged,
  gone: MergedParticipant,
  notRestored: NotRestored[],
): Promise<string[]> {
  const fromId = String(gone.row['id']);
  const missing = (field: string, detail: string) => void notRestored.push({ subjectId: fromId, field, detail });
  await tx.query(restoreParticipant, { row: JSON.stringify(gone.row) });
  await giveBackChannels(tx, { fromId, intoId }, gone.channels, missing);
  const agentIds = await giveBackBindings(tx, { fromId, intoId, mergedAt }, gone.bindings, missing);
  await giveBackMemberships(tx, 'PARTICIPANT', { fromId, intoId }, gone, missing);
  if (gone.syncs.outcome) await tx.query(restoreOutcome, { row: JSON.stringify(gone.syncs.outcome) });
  if (gone.syncs.job) await restoreSync(tx, gone.syncs.job);
  return agentIds;
}

const presentConfig = statement(rows({ id: text }))`
  select i.id::text as id from integration_config i
  where i.tenant_id = ${tenant} and i.id::text = ${parameter('id', text)} for key share`;

/** The job of the avatar again. One that was running is to be done anew. */
async function restoreSync(tx: TenantTransaction, job: StoredRow): Promise<void> {
  if ((await tx.query(presentConfig, { id: String(job['integration_config_id']) })).length === 0) return;
  const row = job['state'] === 'RUNNING' ? { ...job, state: 'QUEUED', worker_id: null, lease_until: null } : job;
  await tx.query(restoreJob, { row: JSON.stringify(row) });
  if (row['state'] === 'QUEUED') tx.announce('avatarSyncQueued', {});
}
