import type { Query } from '../../database/database.ts';
import { newId } from '../../database/ids.ts';
import { columns, combined, rows } from '../../database/sql/columns.ts';
import { parameter, sql, tenantOf } from '../../database/sql/fragment.ts';
import { tenantsStatement } from '../../database/sql/statement.ts';
import { array, integer, nullable, text, timestamptz, uuid } from '../../database/sql/types.ts';
import { isBlocked } from '../../erasure/digests.ts';
import { type AddressColumns, addressColumns, addressKey, comparedBy } from '../../providers/address.ts';
import type { Delivery } from './record.ts';

/** All messages of a batch from one address, or from several spellings of one identity. */
type Sender = Pick<
  Delivery,
  'tenantId' | 'integrationConfigId' | 'provider' | 'agentId' | 'address' | 'displayName' | 'conversationName'
> &
  AddressColumns & {
    /** What the address is compared by. */
    key: string;
    /** The key of the name that the sender can be written to by as well; null for none. */
    publicKey: string | null;
    messages: number;
    first: Date;
    last: Date;
  };

// A batch may have several tenants: the tenant is a column of its input, and every join and every key begins with it.

const tenantIds = parameter('tenantIds', array(uuid));
const ids = parameter('ids', array(uuid));
const configIds = parameter('configIds', array(uuid));
const providers = parameter('providers', array(text));
const messages = parameter('messages', array(integer));
const last = parameter('last', array(timestamptz));

const channel = columns('Channel', 'c', ['tenantId', 'id']);
const findChannels = tenantsStatement(combined(channel, rows({ n: integer })))`
   select g.n::int as n, ${channel}
   from (
     select tenant_id, config_id, provider, key, n
     from unnest(${tenantIds}, ${configIds}, ${providers}, ${parameter('keys', array(text))}) with ordinality
       g (tenant_id, config_id, provider, key, n)
     union all
     select tenant_id, config_id, provider, key, n
     from unnest(${tenantIds}, ${configIds}, ${providers}, ${parameter('publicKeys', array(nullable(text)))}) with ordinality
       g (tenant_id, config_id, provider, key, n)
     where key is not null
   ) g
   join channel c on c.tenant_id = ${tenantOf('g')} and c.provider = g.provider and md5(${comparedBy('c')}) = md5(g.key)
     and ${comparedBy('c')} = g.key and c.integration_config_id = g.config_id`;

/** Rows are locked in the order of their keys on every replica, so that two transactions cannot deadlock. */
const participant = columns('Channel', 'c', ['tenantId', 'participantId']);
const countIntoChannels = tenantsStatement(participant)`
   with counted as (
     select * from unnest(${tenantIds}, ${ids}, ${messages}, ${last}) g (tenant_id, id, messages, last)
   ), locked as materialized (
     select c.tenant_id, c.id from channel c join counted g on c.tenant_id = ${tenantOf('g')} and g.id = c.id
     order by c.tenant_id, c.id for no key update of c
   )
   update channel c set last_message_at = greatest(c.last_message_at, g.last),
     message_count = least(c.message_count::bigint + g.messages, 2147483647)::int
   from counted g join locked l on l.tenant_id = g.tenant_id and l.id = g.id
   where c.tenant_id = ${tenantOf('g')} and c.id = g.id
   returning ${participant}`;

// Every transaction that gives a participant an address takes this lock too: a message finds the channel, or is found
// by it.
const lockConfigs = tenantsStatement(rows({ id: uuid, defaultRegion: nullable(text) }))`
   select i.id, i.default_region as "defaultRegion" from integration_config i
   join unnest(${tenantIds}, ${ids}) g (tenant_id, id) on i.tenant_id = ${tenantOf('g')} and g.id = i.id
   order by i.tenant_id, i.id for no key update of i`;

// A sender who was approved without a channel stays so as long as the participant is there. Who was rejected asks anew,
// and so does one whose channel has gone: what is counted begins anew too. Who was blocked meanwhile stays so.
const isBound = sql`(u.approval_mode = 'BIND_ONLY' and exists (select from participant p where p.tenant_id = ${tenantOf('excluded')} and p.id = u.approved_participant_id))`;
const goesOn = sql`(u.status in ('PENDING', 'BLOCKED') or ${isBound})`;
const changed = columns('UnknownSender', 'u', ['tenantId', 'id']);
// An erased person's identifiers may be blocked: then nothing of theirs is kept.
const isErased = isBlocked(tenantOf('g'), [
  sql`'identity ' || g.identity_key`,
  sql`'address ' || (select i.provider from integration_config i where i.tenant_id = ${tenantOf('g')} and i.id = g.config_id) || ' ' || ${comparedBy('g')}`,
]);
const upsertUnknownSenders = tenantsStatement(changed)`
   insert into unknown_sender as u
     (tenant_id, id, integration_config_id, address, identity_key, address_key, agent_id, display_name, conversation_name, message_count, first_message_at, last_message_at)
   select ${tenantOf('g')}, g.id, g.config_id, g.address, g.identity_key, g.address_key, g.agent_id, g.display_name,
     g.conversation_name, g.messages, g.first, g.last
   from unnest(${tenantIds}, ${ids}, ${configIds}, ${parameter('addresses', array(text))},
     ${parameter('identityKeys', array(nullable(text)))}, ${parameter('addressKeys', array(nullable(text)))},
     ${parameter('agentIds', array(nullable(text)))}, ${parameter('displayNames', array(nullable(text)))},
     ${parameter('conversationNames', array(nullable(text)))}, ${messages},
     ${parameter('first', array(timestamptz))}, ${last})
     g (tenant_id, id, config_id, address, identity_key, address_key, agent_id, display_name, conversation_name, messages, first, last)
   where not ${isErased}
   order by g.tenant_id, g.config_id, md5(${comparedBy('g')})
   on conflict (tenant_id, integration_config_id, md5(coalesce(address_key, identity_key, address))) do update set
     status = case when ${goesOn} then u.status else 'PENDING' end,
     approval_mode = case when ${isBound} then u.approval_mode end,
     approved_participant_id = case when ${isBound} then u.approved_participant_id end,
     message_count = case when ${goesOn} then least(u.message_count::bigint + excluded.message_count, 2147483647)::int else excluded.message_count end,
     first_message_at = case when ${goesOn} then least(u.first_message_at, excluded.first_message_at) else excluded.first_message_at end,
     last_message_at = greatest(u.last_message_at, excluded.last_message_at),
     display_name = coalesce(excluded.display_name, u.display_name),
     conversation_name = coalesce(excluded.conversation_name, u.conversation_name),
     agent_id = excluded.agent_id
   returning ${changed}`;

/** A delivery, and what its sender's address is compared by. */
export type KeyedDelivery = Delivery & AddressColumns & { key: string };

/** The delivery with the keys of its sender's address. */
export function keysOf(delivery: Delivery): KeyedDelivery {
  const keys = addressColumns(delivery.provider, delivery.address, delivery.defaultRegion);
  return { ...delivery, ...keys, key: keys.addressKey ?? keys.identityKey ?? delivery.address };
}

/**
 * What messages were counted into: the participants whose channels they came from, and the senders that no channel has.
 */
export type Counted = { participants: { tenantId: string; id: string }[]; senders: { tenantId: string; id: string }[] };

/** Groups messages by sender. */
function bySender(deliveries: readonly KeyedDelivery[]): Sender[] {
  const senders = new Map<string, Sender>();
  for (const {
    tenantId,
    integrationConfigId,
    provider,
    defaultRegion,
    agentId,
    address,
    publicName,
    displayName,
    conversationName,
    identityKey,
    addressKey: ownKey,
    key: comparedKey,
    at,
  } of deliveries) {
    const key = `${tenantId} ${integrationConfigId} ${comparedKey}`;
    const known = senders.get(key);
    if (!known) {
      const publicKey = publicName === null ? null : addressKey(provider, publicName, defaultRegion);
      const sender = { tenantId, integrationConfigId, provider, agentId, address, displayName, conversationName };
      const keys = { identityKey, addressKey: ownKey, key: comparedKey, publicKey };
      senders.set(key, { ...sender, ...keys, messages: 1, first: at, last: at });
      continue;
    }
    known.messages += 1;
    if (at < known.first) known.first = at;
    if (at < known.last) continue;
    known.last = at;
    known.agentId = agentId;
    known.displayName = displayName ?? known.displayName;
    known.conversationName = conversationName ?? known.conversationName;
  }
  return [...senders.values()];
}

const column = <Row, Name extends keyof Row>(rows: readonly Row[], name: Name) => rows.map((row) => row[name]);

/** Counts messages in the channels of their senders. Returns the participants, and the senders without a channel. */
async function countKnown(query: Query, tenantId: string | null, senders: readonly Sender[], onlyIfAll: boolean) {
  const found = await query(findChannels, {
    tenantId,
    tenantIds: column(senders, 'tenantId'),
    configIds: column(senders, 'integrationConfigId'),
    providers: column(senders, 'provider'),
    keys: column(senders, 'key'),
    publicKeys: column(senders, 'publicKey'),
  });
  const matched = new Set(found.map(({ n }) => n));
  const unknown = senders.filter((_, index) => !matched.has(index + 1));
  if (onlyIfAll && unknown.length > 0) return { unknown, counted: [] };

  const channels = new Map<string, { tenantId: string; id: string; messages: number; last: Date }>();
  for (const { n, tenantId, id } of found) {
    const { messages, last } = senders[n - 1] as Sender;
    const known = channels.get(id);
    channels.set(id, {
      tenantId,
      id,
      messages: messages + (known?.messages ?? 0),
      last: known && known.last > last ? known.last : last,
    });
  }
  const whole = [...channels.values()];
  const counted =
    whole.length === 0
      ? []
      : await query(countIntoChannels, {
          tenantId,
          tenantIds: column(whole, 'tenantId'),
          ids: column(whole, 'id'),
          messages: column(whole, 'messages'),
          last: column(whole, 'last'),
        });
  return { unknown, counted };
}

/** Returns the deliveries with the keys of their configs’ present regions, which may have changed meanwhile. */
function inRegions(
  deliveries: readonly KeyedDelivery[],
  configs: readonly { id: string; defaultRegion: string | null }[],
): KeyedDelivery[] {
  const regions = new Map(configs.map(({ id, defaultRegion }) => [id, defaultRegion]));
  return deliveries.map((delivery) => {
    const defaultRegion = regions.get(delivery.integrationConfigId);
    return defaultRegion === undefined || defaultRegion === delivery.defaultRegion
      ? delivery
      : keysOf({ ...delivery, defaultRegion });
  });
}

/**
 * Counts new messages, into channels or else as unknown senders'; returns whose they are. Where a tenant is given, all
 * are of that tenant, and each statement is of it alone.
 */
export async function countMessages(
  query: Query,
  tenantId: string | null,
  deliveries: readonly KeyedDelivery[],
): Promise<Counted> {
  const known = await countKnown(query, tenantId, bySender(deliveries), true);
  if (known.unknown.length === 0) return { participants: known.counted.map(owner), senders: [] };

  const configs = new Map(known.unknown.map(({ tenantId, integrationConfigId }) => [integrationConfigId, tenantId]));
  const locked = await query(lockConfigs, { tenantId, tenantIds: [...configs.values()], ids: [...configs.keys()] });
  const senders = bySender(inRegions(deliveries, locked));
  // A channel may have been created before the lock was taken.
  const { unknown, counted } = await countKnown(query, tenantId, senders, false);
  const asking =
    unknown.length > 0
      ? await query(upsertUnknownSenders, {
          tenantId,
          tenantIds: column(unknown, 'tenantId'),
          ids: unknown.map(newId),
          configIds: column(unknown, 'integrationConfigId'),
          addresses: column(unknown, 'address'),
          identityKeys: column(unknown, 'identityKey'),
          addressKeys: column(unknown, 'addressKey'),
          agentIds: column(unknown, 'agentId'),
          displayNames: column(unknown, 'displayName'),
          conversationNames: column(unknown, 'conversationName'),
          messages: column(unknown, 'messages'),
          first: column(unknown, 'first'),
          last: column(unknown, 'last'),
        })
      : [];
  return { participants: counted.map(owner), senders: asking };
}

const owner = ({ tenantId, participantId }: { tenantId: string; participantId: string }) => ({
  tenantId,
  id: participantId,
});
