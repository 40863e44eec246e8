import { createHash } from 'node:crypto';
import { system } from '../../database/actor.ts';
import { byTenant } from '../../database/by-tenant.ts';
import type { Database } from '../../database/database.ts';
import { sqlState } from '../../database/failures.ts';
import { rows } from '../../database/sql/columns.ts';
import { parameter, tenantOf } from '../../database/sql/fragment.ts';
import { tenantsStatement } from '../../database/sql/statement.ts';
import { array, boolean, integer, text, uuid } from '../../database/sql/types.ts';
import { comparedBy } from '../../providers/address.ts';
import type { OpenWebhook } from './authenticator.ts';
import { type Counted, countMessages, keysOf } from './senders.ts';

/** One message that came through a webhook. */
export type Delivery = Pick<
  OpenWebhook,
  'keyId' | 'tenantId' | 'integrationConfigId' | 'provider' | 'defaultRegion' | 'agentId'
> & {
  deliveryId: string;
  address: string;
  /** A name that channels may have instead of the address, compared without case. Null when there is none. */
  publicName: string | null;
  displayName: string | null;
  /** The provider's name of the conversation. Null when the provider does not say. */
  conversationName: string | null;
  /** When the message was sent, as far as the time is plausible. */
  at: Date;
};

/** The outcome of a delivery: counted, recorded before, from a blocked sender, or through a key that has ended. */
export type Outcome = 'COUNTED' | 'DUPLICATE' | 'DROPPED' | 'KEY_ENDED';

const oldestBelieved = 7 * 24 * 3_600_000;

/** Returns when a message was sent: by the provider's clock if it is plausible, else its arrival. */
export const sentAt = (claimed: Date | null, arrivedAt: Date): Date =>
  claimed && claimed <= arrivedAt && arrivedAt.getTime() - claimed.getTime() <= oldestBelieved ? claimed : arrivedAt;

/** Returns the stored id of a delivery: the provider's, or a digest where that is long or not plain text. */
export const storedDeliveryId = (id: string): string =>
  /^[\x21-\x7e]{1,255}$/.test(id) ? id : `sha256:${createHash('sha256').update(id).digest('hex')}`;

// A batch may have several tenants: the tenant is a column of its input, and every join and every key begins with it.

// What a blocked sender writes is not even kept as a delivery: it adds to one number, by the statement that every
// delivery needs anyway. A delivery that was recorded before the sender was blocked adds nothing.
const insertDeliveries = tenantsStatement(rows({ n: integer, fresh: boolean, dropped: boolean }))`
  with given as (
     select * from unnest(${parameter('tenantIds', array(uuid))}, ${parameter('keyIds', array(uuid))},
       ${parameter('configIds', array(uuid))}, ${parameter('deliveryIds', array(text))}, ${parameter('senderKeys', array(text))})
       with ordinality g (tenant_id, key_id, config_id, delivery_id, sender_key, n)
   ), working as (
     select g.*, b.id as blocked_id from given g
     join webhook_key k on k.tenant_id = ${tenantOf('g')} and k.id = g.key_id and k.revoked_at is null
     left join unknown_sender b on b.tenant_id = ${tenantOf('g')} and b.integration_config_id = g.config_id
       and md5(${comparedBy('b')}) = md5(g.sender_key) and ${comparedBy('b')} = g.sender_key and b.status = 'BLOCKED'
   ), drops as (
     select w.tenant_id, w.blocked_id as id, count(*) as messages from working w
     where w.blocked_id is not null and not exists (select from webhook_delivery d
       where d.tenant_id = ${tenantOf('w')} and d.integration_config_id = w.config_id and d.delivery_id = w.delivery_id)
     group by 1, 2
   ), locked as materialized (
     select u.tenant_id, u.id from unknown_sender u join drops d on u.tenant_id = ${tenantOf('d')} and d.id = u.id
     order by u.tenant_id, u.id for no key update of u
   ), dropped as (
     update unknown_sender u set dropped_message_count = least(u.dropped_message_count::bigint + d.messages, 2147483647)::int
     from drops d join locked l on l.tenant_id = d.tenant_id and l.id = d.id where u.tenant_id = ${tenantOf('d')} and u.id = d.id
   ), fresh as (
     insert into webhook_delivery (tenant_id, integration_config_id, delivery_id)
     select ${tenantOf('w')}, w.config_id, w.delivery_id from working w where w.blocked_id is null order by 1, 2, 3
     on conflict do nothing returning tenant_id, integration_config_id, delivery_id
   )
   select w.n::int as n, f.delivery_id is not null as fresh, w.blocked_id is not null as dropped from working w
   left join fresh f on f.tenant_id = w.tenant_id and f.integration_config_id = w.config_id and f.delivery_id = w.delivery_id`;

const maxIdsPerEvent = 500;

/**
 * Records deliveries in one transaction with one to six statements. They may be of any tenants, but all are of one
 * tenant where these are on several nodes. A delivery that its config has recorded before does not count. Returns the
 * outcome of each in order.
 */
export async function recordDeliveries(database: Database, deliveries: readonly Delivery[]): Promise<Outcome[]> {
  const tenantId = database.connection.isDistributed ? (deliveries[0]?.tenantId ?? null) : null;
  // Copies of one delivery in a batch come through the same key.
  const copies = new Map<string, number[]>();
  deliveries.forEach((delivery, index) => {
    const key = `${delivery.keyId} ${nameOf(delivery)}`;
    const others = copies.get(key);
    if (others) others.push(index);
    else copies.set(key, [index]);
  });
  const places = [...copies.values()];
  const once = places.map(([first]) => keysOf(deliveries[first as number] as Delivery));

  const { outcomes, counted } = await withRetries(() =>
    database.as(system('a webhook delivery')).transaction(async (query) => {
      const working = await query(insertDeliveries, {
        tenantId,
        tenantIds: once.map(({ tenantId }) => tenantId),
        keyIds: once.map(({ keyId }) => keyId),
        configIds: once.map(({ integrationConfigId }) => integrationConfigId),
        deliveryIds: once.map(({ deliveryId }) => deliveryId),
        senderKeys: once.map(({ key }) => key),
      });
      const outcomes = deliveries.map((): Outcome => 'KEY_ENDED');
      const fresh = new Map<string, (typeof once)[number]>();
      for (const { n, fresh: isFresh, dropped } of working) {
        const delivery = once[n - 1] as (typeof once)[number];
        const [first, ...others] = places[n - 1] as [number, ...number[]];
        const counts = isFresh && !fresh.has(nameOf(delivery));
        if (counts) fresh.set(nameOf(delivery), delivery);
        outcomes[first] = dropped ? 'DROPPED' : counts ? 'COUNTED' : 'DUPLICATE';
        for (const other of others) outcomes[other] = dropped ? 'DROPPED' : 'DUPLICATE';
      }
      const counted = fresh.size > 0 ? await countMessages(query, tenantId, [...fresh.values()]) : nothingCounted;
      return { outcomes, counted };
    }),
  );
  announce(database, counted);
  return outcomes;
}

const nameOf = ({ tenantId, integrationConfigId, deliveryId }: Delivery) =>
  `${tenantId} ${integrationConfigId} ${deliveryId}`;

const nothingCounted: Counted = { participants: [], senders: [] };

function announce(database: Database, { participants, senders }: Counted): void {
  for (const [tenantId, theirs] of byTenant(participants))
    for (const participantIds of slices(theirs))
      database.forTenant(tenantId).announce('messagesReceived', { participantIds });
  for (const [tenantId, theirs] of byTenant(senders))
    for (const senderIds of slices(theirs))
      database.forTenant(tenantId).announce('unknownSendersChanged', { senderIds });
}

/** The ids, each once, as many at a time as an event has. */
function* slices(counted: readonly { id: string }[]): Iterable<string[]> {
  const all = [...new Set(counted.map(({ id }) => id))];
  for (let from = 0; from < all.length; from += maxIdsPerEvent) yield all.slice(from, from + maxIdsPerEvent);
}

// Deadlocks, serialisation failures, and a config that was deleted meanwhile: the next try finds the new state.
const passing = new Set(['40P01', '40001', '23503']);
const tries = 4;

async function withRetries<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= tries || !passing.has(sqlState(error) ?? '')) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * attempt));
    }
  }
}
