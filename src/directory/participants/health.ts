import type { Participant } from '../../database/generated/client.ts';
import { type Fragment, join, literal, sql, tenant } from '../../database/sql/fragment.ts';
import { connectedProviders, needsConnection } from '../../providers/providers.ts';
import type { ChannelFacts } from './channel-facts.ts';

/** Why a participant cannot be reached, the most general reason first. */
export const unreachableReasons = [
  'DISABLED',
  'NO_CHANNEL',
  'CHANNEL_DISABLED',
  'INVALID_FORMAT',
  'NOT_CONNECTED',
  'KEY_REVOKED',
] as const;

export type UnreachableReason = (typeof unreachableReasons)[number];

/** Whether a message can be sent over a channel. `reason` is null when it can. */
export type ChannelHealth = { channel: ChannelFacts; reachable: boolean; reason: UnreachableReason | null };

/** Whether a participant can be reached, and over which channels. */
export type ParticipantHealth = {
  id: string;
  reachable: boolean;
  reason: UnreachableReason | null;
  channels: ChannelHealth[];
};

const unconnected = sql`select i.id from integration_config i where i.tenant_id = ${tenant}
  and i.provider in (${join(connectedProviders.map(literal), ', ')}) and i.connected_at is null`;
const keyed = sql`select k.integration_config_id from webhook_key k where k.tenant_id = ${tenant} and k.binding_id is null`;
const allRevoked = sql`select bool_and(k.revoked_at is not null) from binding b
  join webhook_key k on k.tenant_id = b.tenant_id and k.binding_id = b.id and k.integration_config_id = c.integration_config_id
  where b.tenant_id = c.tenant_id and b.participant_id = c.participant_id`;

/** A condition, or a query, inside a tenant. */
type Condition = Fragment<{ readonly tenantId: string }>;

/** One reason against a channel. */
type Rule = {
  reason: UnreachableReason;
  /** Whether it applies, for a channel that is shown. */
  holds(facts: ChannelFacts): boolean;
  /** The same for a `channel c`, in a filter. */
  sql: Condition;
  /** The participants with at least one channel that it applies to. May contain others too. */
  candidates: Condition;
};

/** The reasons against a channel, the most general first. */
const againstChannel: readonly Rule[] = [
  {
    reason: 'CHANNEL_DISABLED',
    holds: ({ disabled }) => disabled,
    sql: sql`c.disabled`,
    candidates: sql`select c.participant_id from channel c where c.tenant_id = ${tenant} and c.disabled`,
  },
  {
    reason: 'INVALID_FORMAT',
    holds: ({ addressValid }) => !addressValid,
    sql: sql`not c.address_valid`,
    candidates: sql`select c.participant_id from channel c where c.tenant_id = ${tenant} and not c.address_valid`,
  },
  {
    reason: 'NOT_CONNECTED',
    holds: ({ provider, connected }) => needsConnection(provider) && !connected,
    sql: sql`c.integration_config_id in (${unconnected})`,
    candidates: sql`select c.participant_id from channel c where c.tenant_id = ${tenant} and c.integration_config_id in (${unconnected})`,
  },
  {
    reason: 'KEY_REVOKED',
    holds: ({ keyStatus }) => keyStatus === 'REVOKED',
    sql: sql`(c.integration_config_id not in (${keyed} and k.revoked_at is null)
      and coalesce((${allRevoked}), c.integration_config_id in (${keyed})))`,
    candidates: sql`select c.participant_id from channel c
      where c.tenant_id = ${tenant} and c.integration_config_id in (${keyed} except ${keyed} and k.revoked_at is null)
      union all select b.participant_id from webhook_key k join binding b on b.tenant_id = k.tenant_id and b.id = k.binding_id
      where k.tenant_id = ${tenant} and k.binding_id is not null and k.revoked_at is not null`,
  },
];

/** Returns a channel's health from its stored facts. Asks no provider. */
export function channelHealth(channel: ChannelFacts): ChannelHealth {
  const reason = againstChannel.find(({ holds }) => holds(channel))?.reason ?? null;
  return { channel, reachable: reason === null, reason };
}

/** Returns a participant's health: reachable when enabled and at least one channel has no reason against it. */
export function participantHealth(
  participant: Pick<Participant, 'id' | 'disabledAt'>,
  channels: ChannelHealth[],
): ParticipantHealth {
  const reachable = !participant.disabledAt && channels.some((channel) => channel.reachable);
  return {
    id: participant.id,
    reachable,
    reason: reachable ? null : participantReason(participant, channels),
    channels,
  };
}

function participantReason(participant: Pick<Participant, 'disabledAt'>, channels: ChannelHealth[]): UnreachableReason {
  if (participant.disabledAt) return 'DISABLED';
  const reasons = new Set(channels.map(({ reason }) => reason));
  return unreachableReasons.find((reason) => reasons.has(reason)) ?? 'NO_CHANNEL';
}

const placeOf = (reason: UnreachableReason) => unreachableReasons.indexOf(reason) + 1;

// The same as SQL for a `participant p`: the index of its reason, or 0. The least index of its channels counts: one
// good channel (0) is enough, and the most general reason comes first.
const cases = againstChannel.map((rule) => sql`when ${rule.sql} then ${placeOf(rule.reason)}`);
const place = sql`case when p.disabled_at is not null then ${placeOf('DISABLED')} else coalesce((
    select min(case ${join(cases, ' ')} else 0 end)
    from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id), ${placeOf('NO_CHANNEL')}) end`;
/**
 * Selects the ids of the tenant's participants with that index. It reads all channels once: for counts of everybody.
 */
export const placedParticipants: Condition = sql`
  select p.id, case when p.disabled_at is not null then ${placeOf('DISABLED')} else coalesce(h.place, ${placeOf('NO_CHANNEL')}) end as place
  from participant p left join (
    select c.participant_id, min(case ${join(cases, ' ')} else 0 end) as place from channel c where c.tenant_id = ${tenant} group by c.participant_id
  ) h on h.participant_id = p.id where p.tenant_id = ${tenant}`;

const among = (places: number[]) => {
  const list = places.map((each) => sql`${each}`);
  return sql`(${place}) in (${join(list, ', ')})`;
};

/** A condition on a `participant p`: a cheap necessary one, and the one that makes it exact. */
export type HealthCondition = { cheap?: Condition; exact?: Condition };

/** participantHealth's `reachable` as SQL. */
export const reachableCondition = (reachable: boolean): HealthCondition =>
  reachable
    ? { cheap: sql`p.disabled_at is null`, exact: among([0]) }
    : { exact: among(unreachableReasons.map(placeOf)) };

/** participantHealth's `reason` as SQL. */
export function reasonCondition(reason: UnreachableReason): HealthCondition {
  if (reason === 'DISABLED') return { cheap: sql`p.disabled_at is not null` };
  const rule = againstChannel.find((one) => one.reason === reason);
  if (rule)
    return { cheap: sql`p.disabled_at is null and p.id in (${rule.candidates})`, exact: among([placeOf(reason)]) };
  return {
    cheap: sql`p.disabled_at is null
      and not exists (select from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id)`,
  };
}
