import type { TenantTransaction } from '../database/database.ts';
import type { Channel } from '../database/generated/client.ts';
import { nothing, rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, integer, nullable, timestamptz, uuid } from '../database/sql/types.ts';
import { maxChannels } from '../directory/channels/channels.ts';
import { invalidMerge } from './merging.ts';
import type { ChannelFacts, MergedParticipant } from './record.ts';
import { again, storedBy } from './stored-rows.ts';

const ids = parameter('ids', array(uuid));
const fromId = parameter('fromId', uuid);
const intoId = parameter('intoId', uuid);

const stored = storedBy('channel', 'id');
const restore = again('channel');
const remove = statement(nothing)`delete from channel c where c.tenant_id = ${tenant} and c.id = any(${ids})`;
const move = statement(nothing)`
  update channel c set participant_id = ${intoId} where c.tenant_id = ${tenant} and c.participant_id = ${fromId}`;
const moveBack = statement(rows({ id: uuid }))`
  update channel c set participant_id = ${fromId}
  where c.tenant_id = ${tenant} and c.participant_id = ${intoId} and c.id = any(${ids}) returning c.id`;
const setFacts = statement(nothing)`
  update channel c set message_count = ${parameter('messageCount', integer)}, last_message_at = ${parameter('lastMessageAt', nullable(timestamptz))}
  where c.tenant_id = ${tenant} and c.id = ${parameter('id', uuid)}`;
const factsOf = statement(rows({ messageCount: integer, lastMessageAt: nullable(timestamptz) }))`
  select c.message_count as "messageCount", c.last_message_at as "lastMessageAt" from channel c
  where c.tenant_id = ${tenant} and c.participant_id = ${intoId} and c.id = ${parameter('id', uuid)}`;
const presentConfigs = statement(rows({ id: uuid }))`
  select i.id from integration_config i where i.tenant_id = ${tenant} and i.id = any(${ids}) order by i.id for key share`;

const facts = ({ messageCount, lastMessageAt }: Pick<Channel, 'messageCount' | 'lastMessageAt'>): ChannelFacts => ({
  messageCount,
  lastMessageAt: lastMessageAt?.toISOString() ?? null,
});
const dateOf = (at: string | null) => (at === null ? null : new Date(at));
const same = (one: ChannelFacts, other: ChannelFacts) =>
  one.messageCount === other.messageCount && one.lastMessageAt === other.lastMessageAt;

/** Messages from one address are counted in every channel of it, so what the two channels know is not added up. */
const later = (one: ChannelFacts, other: ChannelFacts): ChannelFacts => ({
  messageCount: Math.max(one.messageCount, other.messageCount),
  lastMessageAt: [one.lastMessageAt, other.lastMessageAt].sort().at(-1) ?? one.lastMessageAt ?? other.lastMessageAt,
});

/**
 * Moves the channels of a participant. Of two with the same address the survivor's stays. `channels` are those of all,
 * locked, and are kept up to date. Throws VALIDATION_FAILED where the survivor would have more than 100.
 */
export async function moveChannels(
  tx: TenantTransaction,
  fromId: string,
  intoId: string,
  channels: Channel[],
): Promise<MergedParticipant['channels']> {
  const keyOf = ({ integrationConfigId, address }: Channel) => `${integrationConfigId} ${address}`;
  const kept = new Map(
    channels.filter(({ participantId }) => participantId === intoId).map((channel) => [keyOf(channel), channel]),
  );
  const theirs = channels.filter(({ participantId }) => participantId === fromId);
  const both = theirs.flatMap((channel) => {
    const survivors = kept.get(keyOf(channel));
    return survivors ? [{ channel, survivors }] : [];
  });
  if (kept.size + theirs.length - both.length > maxChannels)
    throw invalidMerge(`would give the survivor more than ${maxChannels} channels`);
  const droppedIds = both.map(({ channel }) => channel.id);
  const rowsOf = await tx.query(stored, { ids: droppedIds });
  await tx.query(remove, { ids: droppedIds });
  const dropped: MergedParticipant['channels']['dropped'][number][] = [];
  for (const { channel, survivors } of both) {
    const [before, after] = [facts(survivors), later(facts(survivors), facts(channel))];
    const row = rowsOf.find((each) => each.row['id'] === channel.id)?.row ?? {};
    dropped.push({ row, keptId: survivors.id, before, after });
    channels.splice(channels.indexOf(channel), 1);
    if (same(before, after)) continue;
    const lastMessageAt = dateOf(after.lastMessageAt);
    await tx.query(setFacts, { id: survivors.id, messageCount: after.messageCount, lastMessageAt });
    Object.assign(survivors, { messageCount: after.messageCount, lastMessageAt });
  }
  const moved = theirs.filter(({ id }) => !droppedIds.includes(id));
  if (moved.length > 0) await tx.query(move, { fromId, intoId });
  for (const channel of moved) channel.participantId = intoId;
  return { moved: moved.map(({ id }) => id), dropped };
}

/** Gives a participant that is there again its channels back. `missing` is told what is not there any more. */
export async function giveBackChannels(
  tx: TenantTransaction,
  { fromId, intoId }: { fromId: string; intoId: string },
  { moved, dropped }: MergedParticipant['channels'],
  missing: (field: string, detail: string) => void,
): Promise<void> {
  const back = await tx.query(moveBack, { fromId, intoId, ids: [...moved] });
  for (let lost = moved.length - back.length; lost > 0; lost -= 1)
    missing('channels', 'A channel was removed since the merge.');
  const configIds = [...new Set(dropped.map(({ row }) => String(row['integration_config_id'])))];
  const present = new Set((await tx.query(presentConfigs, { ids: configIds })).map(({ id }) => id));
  for (const { row, keptId, before, after } of dropped) {
    const isPresent = present.has(String(row['integration_config_id']));
    const restored = isPresent ? await tx.query(restore, { row: JSON.stringify(row) }) : [];
    if (restored.length === 0) missing('channels', `The channel ${row['address']} cannot be there again.`);
    if (same(before, after)) continue;
    const [now] = await tx.query(factsOf, { id: keptId, intoId });
    if (!now || !same(facts(now), after)) continue;
    await tx.query(setFacts, { id: keptId, ...before, lastMessageAt: dateOf(before.lastMessageAt) });
  }
}
