import type { Channel, IntegrationConfig, Participant } from '../database/generated/client.ts';
import { needsConnection } from '../integrations/providers.ts';

/** Why somebody can't be reached, the most general first. */
export const unreachableReasons = ['DISABLED', 'NO_CHANNEL', 'CHANNEL_DISABLED', 'INVALID_FORMAT', 'NOT_CONNECTED'] as const;

export type UnreachableReason = (typeof unreachableReasons)[number];

/** Whether a message can be sent over a channel; `reason` is null when it can. */
export type ChannelHealth = { channel: Channel; reachable: boolean; reason: UnreachableReason | null };

/** Whether somebody can be reached at all, and over which channels. */
export type ParticipantHealth = { reachable: boolean; reason: UnreachableReason | null; channels: ChannelHealth[] };

/** A channel's health from what is stored about it and about its integration config. Asks no provider. */
export function channelHealth(channel: Channel, config: Pick<IntegrationConfig, 'connectedAt'> | null): ChannelHealth {
  const reason = reasonAgainst(channel, config);
  return { channel, reachable: reason === null, reason };
}

function reasonAgainst(channel: Channel, config: Pick<IntegrationConfig, 'connectedAt'> | null): UnreachableReason | null {
  if (channel.disabled) return 'CHANNEL_DISABLED';
  if (!channel.addressValid) return 'INVALID_FORMAT';
  if (needsConnection(channel.provider) && !config?.connectedAt) return 'NOT_CONNECTED';
  return null;
}

/** A participant's health: reachable unless disabled, over at least one channel that nothing speaks against. */
export function participantHealth(participant: Pick<Participant, 'disabledAt'>, channels: ChannelHealth[]): ParticipantHealth {
  const reachable = !participant.disabledAt && channels.some((channel) => channel.reachable);
  return { reachable, reason: reachable ? null : participantReason(participant, channels), channels };
}

function participantReason(participant: Pick<Participant, 'disabledAt'>, channels: ChannelHealth[]): UnreachableReason {
  if (participant.disabledAt) return 'DISABLED';
  const against = new Set(channels.map(({ reason }) => reason));
  return unreachableReasons.find((reason) => against.has(reason)) ?? 'NO_CHANNEL';
}
