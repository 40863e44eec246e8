import { z } from 'zod';
import type { TenantDatabase, TenantTransaction } from '../../database/database.ts';
import type { Channel } from '../../database/generated/client.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { KeepIds } from '../../idempotency/once.ts';
import { checked } from '../../values/checked.ts';
import { demandUnmodified, type IfModifiedAt } from '../../values/unmodified.ts';
import { announceParticipant } from '../participants/announce.ts';
import type { ParticipantHooks } from '../participants/hooks.ts';
import { lockParticipant } from '../participants/lock.ts';
import { mergeUnknownSenders } from '../unknown-senders/merge.ts';
import {
  type ChannelChanges,
  channelById,
  channelDetails,
  channelRows,
  lockChannels,
  maxChannels,
  newChannel,
} from './channels.ts';

/** The error for a channel that the tenant does not have. */
export const channelNotFound = (id: string) => new Problem('CHANNEL_NOT_FOUND', `There is no channel ${id}.`);

/** A channel that was added, changed or removed, and whose it is. */
export type OneChannel = { channelId: string; participantId: string };

/** What addParticipantChannel takes. */
export type ChannelToAdd = { participantId: string } & z.input<typeof newChannel>;

/**
 * Gives a participant one more channel; those it has stay. What was counted of an unknown sender of that address goes
 * to the channel. Throws PARTICIPANT_NOT_FOUND, INTEGRATION_CONFIG_NOT_FOUND, CONFLICT when the participant has that
 * channel already, and VALIDATION_FAILED when it has 100.
 */
export async function addParticipantChannel(
  db: TenantDatabase,
  { participantId, ...input }: ChannelToAdd,
  hooks: ParticipantHooks,
  keepIds?: KeepIds,
): Promise<OneChannel> {
  const channel = checked(newChannel, input);
  return db.queueFor(participantId).transaction(async (tx) => {
    const id = await lockParticipant(tx, participantId);
    const [row] = (await channelRows(tx, id, [channel], () => ['input'])) as [
      Awaited<ReturnType<typeof channelRows>>[0],
    ];
    const others = await lockChannels(tx, id);
    demandNew(others, row);
    if (others.length >= maxChannels) {
      const message = `has ${maxChannels} channels already`;
      const errors = [{ path: ['input', 'participantId'], message }];
      throw new Problem('VALIDATION_FAILED', `The participant ${message}.`, { errors });
    }
    await tx.channel.create({ data: row });
    await mergeUnknownSenders(tx, id);
    await settle(tx, id, { gone: false, added: [row.provider], reordered: false }, hooks);
    await keepIds?.(tx, [row.id, id]);
    return { channelId: row.id, participantId: id };
  });
}

/** Throws CONFLICT where one of these channels has the integration config and the address already. */
function demandNew(others: readonly Channel[], row: Pick<Channel, 'integrationConfigId' | 'address'>): void {
  const same = ({ integrationConfigId, address }: Channel) =>
    integrationConfigId === row.integrationConfigId && address === row.address;
  if (!others.some(same)) return;
  throw new Problem('CONFLICT', `The participant has a channel ${row.address.slice(0, 100)} there already.`, {
    errors: [{ path: ['input', 'address'], message: 'is a channel of the participant already' }],
  });
}

/** What a change of a channel means for its participant, in the same transaction. */
async function settle(
  tx: TenantTransaction,
  participantId: string,
  changes: ChannelChanges,
  hooks: ParticipantHooks,
): Promise<void> {
  await hooks.channelsChanged(tx, participantId, changes);
  const where = { tenantId_id: { tenantId: tx.tenantId, id: participantId } };
  await tx.participant.update({ where, data: { modifiedAt: tx.now() } });
  announceParticipant(tx, participantId);
}

/** Runs the work on a channel with all of its participant's locked. Throws CHANNEL_NOT_FOUND. */
async function withChannel<Result>(
  db: TenantDatabase,
  channelId: string,
  work: (tx: TenantTransaction, channel: Channel, others: readonly Channel[]) => Promise<Result>,
): Promise<Result> {
  const [found] = await channelById.load(db, [channelId]);
  if (!found) throw channelNotFound(channelId);
  return db.queueFor(found.participantId).transaction(async (tx) => {
    const participantId = await lockParticipant(tx, found.participantId).catch((error: unknown) => {
      throw error instanceof Problem && error.code === 'PARTICIPANT_NOT_FOUND' ? channelNotFound(channelId) : error;
    });
    const all = await lockChannels(tx, participantId);
    const channel = all.find(({ id }) => id === found.id);
    if (!channel) throw channelNotFound(channelId);
    return work(
      tx,
      channel,
      all.filter(({ id }) => id !== found.id),
    );
  });
}

const changes = z.object({
  address: channelDetails.address.optional(),
  priority: channelDetails.priority.optional(),
  label: channelDetails.label,
  disabled: channelDetails.disabled.optional(),
});

/** What updateChannel takes: what is absent stays as it is; null clears the label, and nothing else can be cleared. */
export type SingleChannelChanges = { channelId: string } & IfModifiedAt & {
    [Field in keyof z.input<typeof changes>]?: z.input<typeof changes>[Field] | null;
  };

/**
 * Changes one channel; it keeps its id. With another address it begins anew: no messages have come from there but those
 * of an unknown sender. Throws CHANNEL_NOT_FOUND, and CONFLICT when somebody was faster or the participant has a
 * channel of that address already.
 */
export async function updateChannel(
  db: TenantDatabase,
  { channelId, ifModifiedAt, ...input }: SingleChannelChanges,
  hooks: ParticipantHooks,
): Promise<OneChannel> {
  const given = checked(changes, input);
  return withChannel(db, channelId, async (tx, channel, others) => {
    const { id, participantId, provider, integrationConfigId } = channel;
    demandUnmodified(channel, { ifModifiedAt });
    const { address = channel.address, priority = channel.priority, disabled = channel.disabled } = given;
    const label = given.label === undefined ? channel.label : given.label;
    const moved = address !== channel.address;
    const reordered = priority !== channel.priority || disabled !== channel.disabled;
    if (!moved && !reordered && label === channel.label) return { channelId: id, participantId };
    let columns = {};
    if (moved) {
      demandNew(others, { integrationConfigId, address });
      // Holds the config's lock, as everybody does who adds an address.
      const [row] = await channelRows(tx, participantId, [{ integrationConfigId, address }]);
      const { identityKey, addressKey, addressValid } = row as NonNullable<typeof row>;
      columns = { address, identityKey, addressKey, addressValid, lastMessageAt: null, messageCount: 0 };
    }
    const where = { tenantId_id: { tenantId: tx.tenantId, id } };
    await tx.channel.update({ where, data: { ...columns, priority, label, disabled } });
    if (moved) await mergeUnknownSenders(tx, participantId);
    await settle(tx, participantId, { gone: moved, added: moved ? [provider] : [], reordered }, hooks);
    return { channelId: id, participantId };
  });
}

/**
 * Takes one channel from its participant. Throws CHANNEL_NOT_FOUND, also the second time, and CONFLICT when somebody
 * was faster.
 */
export async function removeChannel(
  db: TenantDatabase,
  { channelId, ...input }: { channelId: string } & IfModifiedAt,
  hooks: ParticipantHooks,
): Promise<OneChannel> {
  return withChannel(db, channelId, async (tx, channel) => {
    const { id, participantId } = channel;
    demandUnmodified(channel, input);
    await tx.channel.deleteMany({ where: { tenantId: tx.tenantId, id } });
    await settle(tx, participantId, { gone: true, added: [], reordered: false }, hooks);
    return { channelId: id, participantId };
  });
}
