import type { Participant } from '../../database/generated/client.ts';
import { type Fragment, join, literal, sql, tenant } from '../../database/sql/fragment.ts';
import { connectedProviders, needsConnection } from '../../providers/providers.ts';
import type { ChannelFacts } from './channel-facts.ts';

/** Why somebody can't be reached, the most general first. */
export const unreachableReasons = [
  'DISABLED',
  'NO_CHANNEL',
  'CHANNEL_DISABLED',
  'INVALID_FORMAT',
  'NOT_CONNECTED',
  'KEY_REVOKED',
] as const;

export type UnreachableReason = (typeof unreachableReasons)[number];

/** Whether a message can be sent over a channel; `reason` is null when it can. */
export type ChannelHealth = { channel: ChannelFacts; reachable: boolean; reason: UnreachableReason | null };

/** Whether somebody can be reached at all, and over which channels. */
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

/** One thing that can be said against a channel. */
type Rule = {
  reason: UnreachableReason;
  /** Whether it is so, for what is shown. */
  holds(facts: ChannelFacts): boolean;
  /** The same about a `channel c`, for what is looked for. */
  sql: Condition;
  /** The participants that it is so for, of a channel at least, and perhaps some more. */
  candidates: Condition;
};

/** What speaks against a channel, the most general first. */
export const againstChannel: readonly Rule[] = [
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

/** A channel's health from what is stored about it. Asks no provider. */
export function channelHealth(channel: ChannelFacts): ChannelHealth {
  const reason = againstChannel.find(({ holds }) => holds(channel))?.reason ?? null;
  return { channel, reachable: reason === null, reason };
}

/** A participant's health: reachable unless disabled, over at least one channel that nothing speaks against. */
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

// The same as SQL about a `participant p`: the place of its reason, or 0. Of its channels the least counts, as a good one (0)
// outweighs all others, and the most general reason comes first.
const cases = againstChannel.map((rule) => sql`when ${rule.sql} then ${placeOf(rule.reason)}`);
const place = sql`case when p.disabled_at is not null then ${placeOf('DISABLED')} else coalesce((
    select min(case ${join(cases, ' ')} else 0 end)
    from channel c where c.tenant_id = p.tenant_id and c.participant_id = p.id), ${placeOf('NO_CHANNEL')}) end`;
const among = (places: number[]) => {
  const list = places.map((each) => sql`${each}`);
  return sql`(${place}) in (${join(list, ', ')})`;
};

/** A condition on a `participant p`: a cheap one that holds wherever it does, and then what makes it exact. */
export type HealthCondition = { cheap?: Condition; exact?: Condition };

/** participantHealth's `reachable`, for a statement. */
export const reachableCondition = (reachable: boolean): HealthCondition =>
  reachable
    ? { cheap: sql`p.disabled_at is null`, exact: among([0]) }
    : { exact: among(unreachableReasons.map(placeOf)) };

/** participantHealth's `reason`, for a statement. */
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
