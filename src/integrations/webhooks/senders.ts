import type { Query } from '../../database/database.ts';
import { newId } from '../../database/ids.ts';
import { columns, combined, nothing, rows } from '../../database/sql/columns.ts';
import { parameter } from '../../database/sql/fragment.ts';
import { globalStatement } from '../../database/sql/statement.ts';
import { array, integer, nullable, text, timestamptz, uuid } from '../../database/sql/types.ts';
import { type AddressColumns, addressColumns, addressKey, comparedBy } from '../../providers/address.ts';
import type { Delivery } from './record.ts';

/** All messages of a batch from one address, or from several spellings of it. */
type Sender = Pick<Delivery, 'tenantId' | 'integrationConfigId' | 'provider' | 'agentId' | 'address' | 'displayName'> &
  AddressColumns & {
    /** The key of the name that the sender can be reached by too. Null for none. */
    publicKey: string | null;
    messages: number;
    first: Date;
    last: Date;
  };

// A batch has several tenants: the tenant is a column of its input, and every join and every key begins with it.

const tenantIds = parameter('tenantIds', array(uuid));
const ids = parameter('ids', array(uuid));
const configIds = parameter('configIds', array(uuid));
const providers = parameter('providers', array(text));
const messages = parameter('messages', array(integer));
const last = parameter('last', array(timestamptz));

const channel = columns('Channel', 'c', ['tenantId', 'id']);
const findChannels = globalStatement(combined(channel, rows({ n: integer })))`
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
   join channel c on c.tenant_id = g.tenant_id and c.provider = g.provider and md5(${comparedBy('c')}) = md5(g.key)
     and ${comparedBy('c')} = g.key and c.integration_config_id = g.config_id`;

/** Rows are locked in the order of their keys on every replica, so that two transactions cannot deadlock. */
const participant = columns('Channel', 'c', ['tenantId', 'participantId']);
const countIntoChannels = globalStatement(participant)`
   with counted as (
     select * from unnest(${tenantIds}, ${ids}, ${messages}, ${last}) g (tenant_id, id, messages, last)
   ), locked as materialized (
     select c.tenant_id, c.id from channel c join counted g on g.tenant_id = c.tenant_id and g.id = c.id
     order by c.tenant_id, c.id for no key update of c
   )
   update channel c set last_message_at = greatest(c.last_message_at, g.last),
     message_count = least(c.message_count::bigint + g.messages, 2147483647)::int
   from counted g join locked l on l.tenant_id = g.tenant_id and l.id = g.id
   where c.tenant_id = g.tenant_id and c.id = g.id
   returning ${participant}`;

// Every transaction that gives a participant an address takes this lock too: a message finds the channel, or is found
// by it.
const lockConfigs = globalStatement(rows({ id: uuid }))`
   select i.id from integration_config i join unnest(${tenantIds}, ${ids}) g (tenant_id, id) on g.tenant_id = i.tenant_id and g.id = i.id
   order by i.tenant_id, i.id for no key update of i`;

const countUnknown = globalStatement(nothing)`
   insert into unknown_sender as u
     (tenant_id, id, integration_config_id, address, identity_key, address_key, agent_id, display_name, message_count, first_message_at, last_message_at)
   select g.* from unnest(${tenantIds}, ${ids}, ${configIds}, ${parameter('addresses', array(text))},
     ${parameter('identityKeys', array(nullable(text)))}, ${parameter('addressKeys', array(nullable(text)))},
     ${parameter('agentIds', array(nullable(text)))}, ${parameter('displayNames', array(nullable(text)))}, ${messages},
     ${parameter('first', array(timestamptz))}, ${last})
     g (tenant_id, id, config_id, address, identity_key, address_key, agent_id, display_name, messages, first, last)
   order by g.tenant_id, g.config_id, md5(${comparedBy('g')})
   on conflict (tenant_id, integration_config_id, md5(coalesce(address_key, identity_key, address))) do update set
     message_count = least(u.message_count::bigint + excluded.message_count, 2147483647)::int,
     first_message_at = least(u.first_message_at, excluded.first_message_at),
     last_message_at = greatest(u.last_message_at, excluded.last_message_at),
     display_name = coalesce(excluded.display_name, u.display_name),
     agent_id = excluded.agent_id`;

const keyOf = ({ address, identityKey, addressKey }: Pick<Sender, 'address' | keyof AddressColumns>) =>
  addressKey ?? identityKey ?? address;

/** Groups messages by sender. */
function bySender(deliveries: readonly Delivery[]): Sender[] {
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
    at,
  } of deliveries) {
    const keys = addressColumns(provider, address, defaultRegion);
    const key = `${tenantId} ${integrationConfigId} ${keyOf({ address, ...keys })}`;
    const known = senders.get(key);
    if (!known) {
      const publicKey = publicName === null ? null : addressKey(provider, publicName, defaultRegion);
      const sender = { tenantId, integrationConfigId, provider, agentId, address, displayName, publicKey, ...keys };
      senders.set(key, { ...sender, messages: 1, first: at, last: at });
      continue;
    }
    known.messages += 1;
    if (at < known.first) known.first = at;
    if (at < known.last) continue;
    known.last = at;
    known.agentId = agentId;
    known.displayName = displayName ?? known.displayName;
  }
  return [...senders.values()];
}

const column = <Row, Name extends keyof Row>(rows: readonly Row[], name: Name) => rows.map((row) => row[name]);

/** Counts messages in the channels of their senders. Returns the participants, and the senders without a channel. */
async function countKnown(query: Query, senders: readonly Sender[], onlyIfAll: boolean) {
  const found = await query(findChannels, {
    tenantIds: column(senders, 'tenantId'),
    configIds: column(senders, 'integrationConfigId'),
    providers: column(senders, 'provider'),
    keys: senders.map(keyOf),
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
          tenantIds: column(whole, 'tenantId'),
          ids: column(whole, 'id'),
          messages: column(whole, 'messages'),
          last: column(whole, 'last'),
        });
  return { unknown, counted };
}

/** Counts new messages in channels, or for unknown senders. Returns the participants of the channels. */
export async function countMessages(
  query: Query,
  deliveries: readonly Delivery[],
): Promise<{ tenantId: string; participantId: string }[]> {
  const senders = bySender(deliveries);
  const known = await countKnown(query, senders, true);
  if (known.unknown.length === 0) return known.counted;

  const configs = new Map(known.unknown.map(({ tenantId, integrationConfigId }) => [integrationConfigId, tenantId]));
  await query(lockConfigs, { tenantIds: [...configs.values()], ids: [...configs.keys()] });
  // A channel may have been created before the lock was taken.
  const { unknown, counted } = await countKnown(query, senders, false);
  if (unknown.length > 0)
    await query(countUnknown, {
      tenantIds: column(unknown, 'tenantId'),
      ids: unknown.map(newId),
      configIds: column(unknown, 'integrationConfigId'),
      addresses: column(unknown, 'address'),
      identityKeys: column(unknown, 'identityKey'),
      addressKeys: column(unknown, 'addressKey'),
      agentIds: column(unknown, 'agentId'),
      displayNames: column(unknown, 'displayName'),
      messages: column(unknown, 'messages'),
      first: column(unknown, 'first'),
      last: column(unknown, 'last'),
    });
  return counted;
}
