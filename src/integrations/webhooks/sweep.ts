import { inTurn, sweepByTenant } from '../../database/by-tenant.ts';
import type { Database } from '../../database/database.ts';
import { rows } from '../../database/sql/columns.ts';
import { parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { globalStatement, statement } from '../../database/sql/statement.ts';
import { array, text, timestamptz, uuid } from '../../database/sql/types.ts';

/** How long a delivery is remembered, so that a repetition does not count. Longer than any provider tries. */
const kept = 3 * 24 * 3_600_000;

/**
 * How many unknown senders of each status an integration config may have. Those with the oldest messages are deleted
 * first, blocked ones never.
 */
export const maxUnknownSenders = 10_000;

const atOnce = 5_000;

const isOld = sql`d.received_at < ${parameter('before', timestamptz)}`;
const oldDeliveries = globalStatement(rows({ tenantId: uuid, configId: uuid, deliveryId: text }))`
  select d.tenant_id as "tenantId", d.integration_config_id as "configId", d.delivery_id as "deliveryId"
  from webhook_delivery d where ${isOld} order by d.received_at limit ${atOnce}`;
// Skips rows that another replica sweeps. One that was swept since the read may have been recorded anew.
const deleteDeliveries = statement(rows({ id: text }))`
  with old as (
     select d.integration_config_id, d.delivery_id
     from unnest(${parameter('configIds', array(uuid))}, ${parameter('deliveryIds', array(text))}) g (config_id, delivery_id)
     join webhook_delivery d on d.integration_config_id = g.config_id and d.delivery_id = g.delivery_id
     where d.tenant_id = ${tenant} and ${isOld} for update of d skip locked
   )
   delete from webhook_delivery d using old
   where d.tenant_id = ${tenant} and d.integration_config_id = old.integration_config_id and d.delivery_id = old.delivery_id
   returning d.delivery_id as id`;

const withSurplus = globalStatement(rows({ tenantId: uuid }))`
  select distinct u.tenant_id as "tenantId" from unknown_sender u where u.status <> 'BLOCKED'
  group by u.tenant_id, u.integration_config_id, u.status having count(*) > ${maxUnknownSenders}`;
// Skips rows that another replica sweeps or that a message is being counted in.
const surplusSenders = statement(rows({ id: uuid }))`
  with ranked as (
     select u.id,
       row_number() over (partition by u.integration_config_id, u.status order by u.last_message_at desc, u.id desc) as place
     from unknown_sender u where u.tenant_id = ${tenant} and u.status <> 'BLOCKED'
   ), surplus as (
     select u.id from unknown_sender u join ranked r on r.id = u.id
     where u.tenant_id = ${tenant} and r.place > ${maxUnknownSenders} and u.status <> 'BLOCKED'
     limit ${atOnce} for update of u skip locked
   )
   delete from unknown_sender u using surplus where u.tenant_id = ${tenant} and u.id = surplus.id returning u.id`;

/**
 * Deletes deliveries that are no longer repeated, and unknown senders over the bound. Several replicas may run it at
 * once. It asks `stopped` between some of them and ends early.
 */
export async function sweepDeliveries(
  { query }: Pick<Database, 'query'>,
  now: Date,
  stopped: () => boolean = () => false,
): Promise<void> {
  const before = new Date(now.getTime() - kept);
  await sweepByTenant(
    atOnce,
    () => query(oldDeliveries, { before }),
    async (tenantId, found) => {
      const configIds = found.map(({ configId }) => configId);
      const deliveryIds = found.map(({ deliveryId }) => deliveryId);
      return (await query(deleteDeliveries, { tenantId, configIds, deliveryIds, before })).length;
    },
    stopped,
  );
  await inTurn(await query(withSurplus), async ({ tenantId }) => {
    while (!stopped() && (await query(surplusSenders, { tenantId })).length === atOnce);
  });
}
