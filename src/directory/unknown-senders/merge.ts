import type { TenantTransaction } from '../../database/database.ts';
import { rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { uuid } from '../../database/sql/types.ts';
import { comparedBy } from '../../providers/address.ts';

// Concurrent transactions lock the same senders in the same order.
const intoChannels = statement(rows({ id: uuid }))`
  with matching as materialized (
     select u.id as sender_id, c.id as channel_id, u.status = 'PENDING' or u.approval_mode = 'BIND_ONLY' as is_counted from unknown_sender u cross join channel c
     where u.tenant_id = ${tenant} and c.tenant_id = ${tenant} and c.participant_id = ${parameter('participantId', uuid)} and c.integration_config_id = u.integration_config_id
       and md5(${comparedBy('u')}) = md5(${comparedBy('c')}) and ${comparedBy('u')} = ${comparedBy('c')}
     order by u.id for update of u
   ), known as (
     update unknown_sender u set status = 'APPROVED', approval_mode = null, approved_participant_id = ${parameter('participantId', uuid)},
       processed_at = now(), processed_by = null, note = null
     from (select m.sender_id, bool_or(m.is_counted) as is_counted from matching m group by m.sender_id) m
     where u.tenant_id = ${tenant} and u.id = m.sender_id
     returning u.id, m.is_counted, u.message_count, u.last_message_at
   ), sums as (
     select m.channel_id as id, sum(k.message_count) as messages, max(k.last_message_at) as last
     from known k join matching m on m.sender_id = k.id where k.is_counted group by m.channel_id
   ), counted as (
     update channel c set last_message_at = greatest(c.last_message_at, s.last), message_count = least(c.message_count + s.messages, 2147483647)::int
     from sums s where c.tenant_id = ${tenant} and c.id = s.id
   )
   select k.id from known k`;

/**
 * Approves the unknown senders whose addresses a participant's channels have, also rejected and blocked ones, and adds
 * the counts of those that were waiting to the channels. The transaction must hold the shared lock on the channels'
 * integration configs, so that no message from them is recorded in between.
 */
export const mergeUnknownSenders = async (tx: TenantTransaction, participantId: string): Promise<void> => {
  const senderIds = (await tx.query(intoChannels, { participantId })).map(({ id }) => id);
  if (senderIds.length > 0) tx.announce('unknownSendersChanged', { senderIds });
};
