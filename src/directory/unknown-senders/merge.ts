import type { TenantTransaction } from '../../database/database.ts';
import { nothing } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { uuid } from '../../database/sql/types.ts';
import { comparedBy } from '../../providers/address.ts';

// Concurrent transactions lock the same senders in the same order.
const intoChannels = statement(nothing)`
  with matching as materialized (
     select u.id as sender_id, c.id as channel_id from unknown_sender u cross join channel c
     where u.tenant_id = ${tenant} and c.tenant_id = ${tenant} and c.participant_id = ${parameter('participantId', uuid)} and c.integration_config_id = u.integration_config_id
       and md5(${comparedBy('u')}) = md5(${comparedBy('c')}) and ${comparedBy('u')} = ${comparedBy('c')}
     order by u.id for update of u
   ), known as (
     delete from unknown_sender u using matching m where u.tenant_id = ${tenant} and u.id = m.sender_id
     returning m.channel_id as id, u.message_count, u.last_message_at
   ), sums as (
     select k.id, sum(k.message_count) as messages, max(k.last_message_at) as last from known k group by k.id
   )
   update channel c set last_message_at = greatest(c.last_message_at, s.last), message_count = least(c.message_count + s.messages, 2147483647)::int
   from sums s where c.tenant_id = ${tenant} and c.id = s.id`;

/**
 * Deletes the unknown senders whose addresses a participant's channels have, and adds their counts to the channels. The
 * transaction must hold the shared lock on the channels' integration configs, so that no message from them is recorded
 * in between.
 */
export const mergeUnknownSenders = async (tx: TenantTransaction, participantId: string): Promise<void> =>
  void (await tx.query(intoChannels, { participantId }));
