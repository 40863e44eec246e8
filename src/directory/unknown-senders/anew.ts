import type { TenantTransaction } from '../../database/database.ts';
import { columns, nothing, rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { array, nullable, text, uuid } from '../../database/sql/types.ts';
import { addressColumns, comparedBy } from '../../providers/address.ts';
import { mergeUnknownSenders } from './merge.ts';

const configId = parameter('configId', uuid);
const ids = parameter('ids', array(uuid));

const sender = columns('UnknownSender', 'u', ['id', 'address', 'identityKey', 'addressKey']);
const senders = statement(sender)`
  select ${sender} from unknown_sender u where u.tenant_id = ${tenant} and u.integration_config_id = ${configId} order by u.id for update`;

// Several senders turn out to be one: the first gets what the others have.
const mergeSenders = statement(nothing)`
  with gone as (
     delete from unknown_sender u using unnest(${ids}, ${parameter('into', array(uuid))}) g (id, into_id)
     where u.tenant_id = ${tenant} and u.id = g.id returning u.*, g.into_id
   ), sums as (
     select g.into_id as id, sum(g.message_count) as messages, sum(g.dropped_message_count) as dropped,
       min(g.first_message_at) as first, max(g.last_message_at) as last,
       bool_or(g.status = 'BLOCKED') as is_blocked, bool_or(g.status = 'PENDING') as is_pending,
       max(g.display_name) as display_name, max(g.conversation_name) as conversation_name
     from gone g group by g.into_id
   )
   update unknown_sender u set message_count = least(u.message_count + s.messages, 2147483647)::int,
     dropped_message_count = least(u.dropped_message_count + s.dropped, 2147483647)::int,
     first_message_at = least(u.first_message_at, s.first), last_message_at = greatest(u.last_message_at, s.last),
     display_name = coalesce(u.display_name, s.display_name),
     conversation_name = coalesce(u.conversation_name, s.conversation_name),
     status = case when s.is_blocked then 'BLOCKED' when s.is_pending and u.status <> 'BLOCKED' then 'PENDING' else u.status end
   from sums s where u.tenant_id = ${tenant} and u.id = s.id`;
// One may get the key that another gives up, and the index compares them row by row.
const clearKeys = statement(nothing)`
  update unknown_sender u set identity_key = null, address_key = u.id::text where u.tenant_id = ${tenant} and u.id = any(${ids})`;
const setKeys = statement(nothing)`
  update unknown_sender u set identity_key = n.identity_key, address_key = n.address_key
  from unnest(${ids}, ${parameter('identityKeys', array(nullable(text)))}, ${parameter('addressKeys', array(nullable(text)))})
    n (id, identity_key, address_key)
  where u.tenant_id = ${tenant} and u.id = n.id`;
const ownersOfSenders = statement(rows({ id: uuid }))`
  select distinct c.participant_id as id from unknown_sender u join channel c on c.tenant_id = u.tenant_id
    and c.integration_config_id = u.integration_config_id and md5(${comparedBy('c')}) = md5(${comparedBy('u')})
    and ${comparedBy('c')} = ${comparedBy('u')}
  where u.tenant_id = ${tenant} and u.integration_config_id = ${configId}
    and (u.status <> 'APPROVED' or u.approval_mode = 'BIND_ONLY') order by 1`;

const maxAtOnce = 1_000;

/**
 * Reads the addresses of a config's unknown senders by its new region. Senders that turn out to be one become one, and
 * those of a channel are approved. The transaction must hold the lock on the config, and have read its channels anew.
 */
export async function readSendersAnew(
  tx: TenantTransaction,
  config: { id: string; provider: string },
  region: string | null,
): Promise<void> {
  const first = new Map<string, string>();
  const merged: { id: string; into: string }[] = [];
  const changed: { id: string; identityKey: string | null; addressKey: string | null }[] = [];
  for (const { id, address, identityKey, addressKey } of await tx.query(senders, { configId: config.id })) {
    const now = addressColumns(config.provider, address, region);
    const key = now.addressKey ?? now.identityKey ?? address;
    const into = first.get(key);
    if (into !== undefined) merged.push({ id, into });
    else {
      first.set(key, id);
      if (now.identityKey !== identityKey || now.addressKey !== addressKey) changed.push({ id, ...now });
    }
  }
  for (const some of inParts(merged))
    await tx.query(mergeSenders, { ids: some.map(({ id }) => id), into: some.map(({ into }) => into) });
  for (const some of inParts(changed)) await tx.query(clearKeys, { ids: some.map(({ id }) => id) });
  for (const some of inParts(changed))
    await tx.query(setKeys, {
      ids: some.map(({ id }) => id),
      identityKeys: some.map((each) => each.identityKey),
      addressKeys: some.map((each) => each.addressKey),
    });
  for (const { id } of await tx.query(ownersOfSenders, { configId: config.id })) await mergeUnknownSenders(tx, id);
  const senderIds = new Set([...changed.map(({ id }) => id), ...merged.flatMap(({ id, into }) => [id, into])]);
  for (const some of inParts([...senderIds])) tx.announce('unknownSendersChanged', { senderIds: some });
}

function* inParts<Row>(all: readonly Row[]): Generator<Row[]> {
  for (let start = 0; start < all.length; start += maxAtOnce) yield all.slice(start, start + maxAtOnce);
}
