import type { Database } from '../../database/database.ts';
import { rows } from '../../database/sql/columns.ts';
import { parameter } from '../../database/sql/fragment.ts';
import { globalStatement } from '../../database/sql/statement.ts';
import { text, timestamptz, uuid } from '../../database/sql/types.ts';

/** How long a delivery is remembered, so that a repetition does not count. Longer than any provider tries. */
const kept = 3 * 24 * 3_600_000;

/**
 * How many unknown senders of each status an integration config may have. Those with the oldest messages are deleted
 * first, blocked ones never.
 */
export const mostUnknownSenders = 10_000;

const atOnce = 5_000;

// Skips rows that another replica sweeps or that a message is being counted in.
const oldDeliveries = globalStatement(rows({ id: text }))`
  with old as (
     select d.tenant_id, d.integration_config_id, d.delivery_id from webhook_delivery d where d.received_at < ${parameter('before', timestamptz)}
     order by d.received_at limit ${atOnce} for update skip locked
   )
   delete from webhook_delivery d using old
   where d.tenant_id = old.tenant_id and d.integration_config_id = old.integration_config_id and d.delivery_id = old.delivery_id
   returning d.delivery_id as id`;

const surplusSenders = globalStatement(rows({ id: uuid }))`
  with ranked as (
     select u.tenant_id, u.id,
       row_number() over (partition by u.tenant_id, u.integration_config_id, u.status order by u.last_message_at desc, u.id desc) as place
     from unknown_sender u where u.status <> 'BLOCKED'
   ), surplus as (
     select u.tenant_id, u.id from unknown_sender u join ranked r on r.tenant_id = u.tenant_id and r.id = u.id
     where r.place > ${mostUnknownSenders} and u.status <> 'BLOCKED' limit ${atOnce} for update of u skip locked
   )
   delete from unknown_sender u using surplus where u.tenant_id = surplus.tenant_id and u.id = surplus.id returning u.id`;

/**
 * Deletes deliveries that are no longer repeated, and unknown senders over the bound. Several replicas may run it at
 * once.
 */
export async function sweepDeliveries(database: Pick<Database, 'query'>, now: Date): Promise<void> {
  const before = new Date(now.getTime() - kept);
  while ((await database.query(oldDeliveries, { before })).length === atOnce);
  while ((await database.query(surplusSenders)).length === atOnce);
}
