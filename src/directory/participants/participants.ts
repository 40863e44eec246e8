import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import { droppedEmailsOf, keepTogether } from '../../database/dropped-emails.ts';
import { asUuid, newId } from '../../database/ids.ts';
import { forgetMerges, mergedIdsOf } from '../../database/merges-of.ts';
import { followed } from '../../database/redirects.ts';
import { rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { uuid } from '../../database/sql/types.ts';
import { Problem } from '../../errors/catalogue.ts';
import { checked } from '../../values/checked.ts';
import { emailAddress } from '../../values/email-address.ts';
import { displayName } from '../../values/text.ts';
import { demandUnmodified, type IfModifiedAt } from '../../values/unmodified.ts';
import { demandAgents } from '../agents/agents.ts';
import { agentIdsOf, replaceBindings } from '../bindings/bindings.ts';
import { channelList, lockChannels, replaceChannels } from '../channels/channels.ts';
import { announceParticipant } from './announce.ts';
import type { ParticipantHooks } from './hooks.ts';
import { lockParticipant, participantNotFound } from './lock.ts';

/** The agents that a participant is to be bound to. */
export const agentIds = z.array(z.string(), 'must be a list').max(1_000, 'must be at most 1,000 agents');

const newParticipant = z
  .object({
    kind: z.enum(['PERSON', 'GROUP', 'AI_AGENT']),
    displayName,
    email: emailAddress.nullish(),
    relatedAgentId: z.string().nullish(),
    channels: channelList.nullish(),
    agentIds: agentIds.nullish(),
    avatarFileId: z.string().nullish(),
  })
  .superRefine(({ kind, relatedAgentId }, context) => {
    const message = relatedAgentMessage(kind, relatedAgentId ?? null);
    if (message) context.addIssue({ code: 'custom', path: ['relatedAgentId'], message });
  });

const changes = z.object({
  displayName: displayName.optional(),
  email: emailAddress.nullish(),
  relatedAgentId: z.string().optional(),
  channels: channelList.optional(),
  agentIds: agentIds.optional(),
  avatarFileId: z.string().nullish(),
});

/** Returns what is wrong with a participant of that kind that represents that agent. Null when nothing is. */
function relatedAgentMessage(kind: string, relatedAgentId: string | null): string | null {
  if (kind === 'AI_AGENT') return relatedAgentId === null ? 'must be given for an AI_AGENT' : null;
  return relatedAgentId === null ? null : `must not be given for a ${kind}`;
}

/** The unchecked input of createParticipant. */
export type NewParticipant = z.input<typeof newParticipant>;

/**
 * Creates a participant with its channels and bindings, queues a sync of its avatar, and returns its id. One that comes
 * from another system was created there at `createdAt`. Throws AGENT_NOT_FOUND, INTEGRATION_CONFIG_NOT_FOUND.
 */
export async function createParticipant(
  db: TenantDatabase,
  input: NewParticipant,
  hooks: ParticipantHooks,
  id = newId(),
  createdAt?: Date,
): Promise<string> {
  const participant = checked(newParticipant, input);
  return db.transaction((tx) => insert(tx, participant, hooks, id, createdAt));
}

/** The same as a part of a transaction. */
export const insertParticipant = (
  tx: TenantTransaction,
  input: NewParticipant,
  hooks: ParticipantHooks,
): Promise<string> => insert(tx, checked(newParticipant, input), hooks, newId());

async function insert(
  tx: TenantTransaction,
  { channels, agentIds, avatarFileId, ...participant }: z.output<typeof newParticipant>,
  hooks: ParticipantHooks,
  id: string,
  createdAt?: Date,
): Promise<string> {
  if (participant.relatedAgentId != null) await demandAgents(tx, [participant.relatedAgentId]);
  await tx.participant.create({
    data: {
      tenantId: tx.tenantId,
      id,
      kind: participant.kind,
      displayName: participant.displayName,
      email: participant.email ?? null,
      relatedAgentId: participant.relatedAgentId ?? null,
      ...(createdAt && { createdAt }),
    },
  });
  // Before the channels: no sync is queued for one whose avatar was given.
  if (avatarFileId) await hooks.setAvatarFile(tx, id, avatarFileId);
  if (channels?.length) await hooks.channelsChanged(tx, id, await replaceChannels(tx, id, channels));
  if (agentIds?.length) await replaceBindings(tx, id, agentIds);
  announceParticipant(tx, id);
  return id;
}

/** Throws CONFLICT when a participant that the transaction has locked was changed after `ifModifiedAt`. */
async function demandParticipantUnmodified(
  tx: TenantTransaction,
  id: string,
  { ifModifiedAt }: IfModifiedAt,
): Promise<void> {
  if (ifModifiedAt == null) return;
  const where = { tenantId_id: { tenantId: tx.tenantId, id } };
  demandUnmodified(await tx.participant.findUniqueOrThrow({ where, select: { modifiedAt: true } }), { ifModifiedAt });
}

/** The input of updateParticipant. An absent field stays as it is, and `email: null` clears the e-mail address. */
export type ParticipantChanges = { participantId: string } & IfModifiedAt & {
    [Field in keyof z.input<typeof changes>]?: z.input<typeof changes>[Field] | null;
  };

/**
 * Changes a participant and what its avatar depends on, and returns its id. Throws PARTICIPANT_NOT_FOUND,
 * AGENT_NOT_FOUND, INTEGRATION_CONFIG_NOT_FOUND.
 */
export async function updateParticipant(
  db: TenantDatabase,
  { participantId, ifModifiedAt, ...input }: ParticipantChanges,
  hooks: ParticipantHooks,
): Promise<string> {
  const { channels, agentIds, avatarFileId, ...columns } = checked(changes, input);
  const { tenantId } = db;
  return db.queueFor(participantId).transaction(async (tx) => {
    const id = await lockParticipant(tx, participantId);
    await demandParticipantUnmodified(tx, id, { ifModifiedAt });
    if (columns.relatedAgentId !== undefined) {
      const { kind } = await tx.participant.findUniqueOrThrow({
        where: { tenantId_id: { tenantId, id } },
        select: { kind: true },
      });
      const message = relatedAgentMessage(kind, columns.relatedAgentId);
      if (message) {
        throw new Problem('VALIDATION_FAILED', `relatedAgentId ${message}`, {
          errors: [{ path: ['input', 'relatedAgentId'], message }],
        });
      }
      await demandAgents(tx, [columns.relatedAgentId]);
    }
    // Channels and bindings are a part of the participant, so changing them changes it.
    const { displayName, email, relatedAgentId } = columns;
    const changed = {
      ...(displayName !== undefined && { displayName }),
      ...(email !== undefined && { email }),
      ...(relatedAgentId !== undefined && { relatedAgentId }),
    };
    if (Object.keys(changed).length === 0 && !channels && !agentIds && avatarFileId == null) return id;
    await tx.participant.update({
      where: { tenantId_id: { tenantId, id } },
      data: { ...changed, modifiedAt: tx.now() },
    });
    if (avatarFileId != null) await hooks.setAvatarFile(tx, id, avatarFileId === '' ? null : avatarFileId);
    if (channels) await hooks.channelsChanged(tx, id, await replaceChannels(tx, id, channels));
    const unboundFrom = agentIds ? await replaceBindings(tx, id, agentIds) : [];
    announceParticipant(tx, id, unboundFrom);
    return id;
  });
}

const lockForGood = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id = ${parameter('id', uuid)} for update`;

/**
 * Deletes a participant with its channels, bindings and memberships, and returns its id. An id that was merged away
 * means the survivor. Throws PARTICIPANT_NOT_FOUND.
 */
export async function deleteParticipant(
  db: TenantDatabase,
  input: { participantId: string },
  hooks: Pick<ParticipantHooks, 'beforeDelete'>,
): Promise<string> {
  const id = asUuid(input.participantId);
  if (!id) throw participantNotFound(input.participantId);
  return db.queueFor(id).transaction((tx) => deleteInTransaction(tx, id, hooks));
}

/** Deletes a participant in a transaction that does more than that, and returns its id. */
export async function deleteInTransaction(
  tx: TenantTransaction,
  named: string,
  hooks: Pick<ParticipantHooks, 'beforeDelete'>,
): Promise<string> {
  const found = await followed(tx, 'PARTICIPANT', named, async (id) => (await tx.query(lockForGood, { id }))[0]);
  if (!found) throw participantNotFound(named);
  const { id } = found;
  await hooks.beforeDelete(tx, id);
  announceParticipant(tx, id, await agentIdsOf(tx, id));
  await lockChannels(tx, id);
  const merged = (await tx.query(mergedIdsOf, { ids: [id] })).map((one) => one.id);
  const dropped = merged.length > 0 ? await tx.query(droppedEmailsOf, { participantIds: [id] }) : [];
  await tx.query(forgetMerges, { ids: [id] });
  await tx.participant.deleteMany({ where: { tenantId: tx.tenantId, id } });
  if (merged.length > 0)
    await tx.query(keepTogether, { ids: [id, ...merged], emails: dropped.map(({ email }) => email) });
  return id;
}

/**
 * Disables or enables a participant and returns its id. A second call changes nothing, not even the timestamp. Throws
 * PARTICIPANT_NOT_FOUND.
 */
export async function setDisabled(
  db: TenantDatabase,
  input: { participantId: string },
  disabled: boolean,
): Promise<string> {
  const { tenantId } = db;
  return db.queueFor(input.participantId).transaction(async (tx) => {
    const id = await lockParticipant(tx, input.participantId);
    const { count } = await tx.participant.updateMany({
      where: { tenantId, id, disabledAt: disabled ? null : { not: null } },
      data: { disabledAt: disabled ? tx.now() : null },
    });
    if (count > 0) announceParticipant(tx, id);
    return id;
  });
}
