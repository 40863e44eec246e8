import type { TenantDatabase } from '../../database/database.ts';
import { nothing, rows } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { array, boolean, nullable, text, uuid } from '../../database/sql/types.ts';
import { announceParticipant } from '../../directory/participants/announce.ts';
import { mergeUnknownSenders } from '../../directory/unknown-senders/merge.ts';
import { addressColumns, comparedBy, fitsProvider } from '../../providers/address.ts';

/** A provider has given a chat another address. */
export type Move = { keyId: string; integrationConfigId: string; provider: string; from: string; to: string };

const itsId = rows({ id: uuid });
const configId = parameter('configId', uuid);
const participantIds = parameter('ids', array(uuid));
const providerName = parameter('provider', text);
const before = parameter('from', text);
const after = parameter('to', text);

// Takes locks in the order of other writers: participants, the config, channels.
const lockParticipants = statement(itsId)`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id in (
     select c.participant_id from channel c where c.tenant_id = ${tenant} and c.integration_config_id = ${configId}
     and c.provider = ${providerName} and md5(${comparedBy('c')}) = md5(${before}) and ${comparedBy('c')} = ${before})
   order by p.id for no key update`;
const lockConfig = statement(itsId)`
  select i.id from integration_config i join webhook_key k on k.tenant_id = i.tenant_id and k.integration_config_id = i.id
   where i.tenant_id = ${tenant} and i.id = ${configId} and k.id = ${parameter('keyId', uuid)} and k.revoked_at is null for no key update of i`;
const lockChannels = statement(itsId)`
  select c.id from channel c where c.tenant_id = ${tenant} and c.participant_id = any(${participantIds}) order by c.id for no key update`;

// A participant may have a channel of the new address already. It gets the counts of the old one.
const mergeChannels = statement(nothing)`
  with old as (
     select c.* from channel c where c.tenant_id = ${tenant} and c.participant_id = any(${participantIds})
     and c.integration_config_id = ${configId} and c.address = ${before}
   ), merged as (
     update channel c set message_count = least(c.message_count::bigint + o.message_count, 2147483647)::int,
       last_message_at = greatest(c.last_message_at, o.last_message_at)
     from old o where c.tenant_id = ${tenant} and c.participant_id = o.participant_id
       and c.integration_config_id = ${configId} and c.address = ${after} returning o.id
   )
   delete from channel c using merged m where c.tenant_id = ${tenant} and c.id = m.id`;
const moveChannels = statement(nothing)`
  update channel c set address = ${after}, identity_key = ${parameter('identityKey', nullable(text))}, address_key = ${parameter('addressKey', nullable(text))}, address_valid = ${parameter('addressValid', boolean)}
   where c.tenant_id = ${tenant} and c.participant_id = any(${participantIds}) and c.integration_config_id = ${configId} and c.address = ${before}`;
const moveAvatars = statement(nothing)`
  update participant p set avatar_source_address = ${after}
   where p.tenant_id = ${tenant} and p.id = any(${participantIds}) and p.avatar_source_config_id = ${configId} and p.avatar_source_address = ${before}`;
const moveJobs = statement(nothing)`
  update avatar_sync_job j set address = ${after} where j.tenant_id = ${tenant} and j.participant_id = any(${participantIds})
   and j.integration_config_id = ${configId} and j.address = ${before}`;

// The old address's unknown sender becomes the new one's, or its counts are added to it.
const moveUnknownSender = statement(nothing)`
  with old as (
     select u.* from unknown_sender u where u.tenant_id = ${tenant} and u.integration_config_id = ${configId}
     and md5(${comparedBy('u')}) = md5(${before}) and ${comparedBy('u')} = ${before} for update
   ), merged as (
     update unknown_sender u set message_count = least(u.message_count::bigint + o.message_count, 2147483647)::int,
       status = case when 'BLOCKED' in (u.status, o.status) then 'BLOCKED'
         when 'PENDING' in (u.status, o.status) then 'PENDING' else u.status end,
       dropped_message_count = least(u.dropped_message_count::bigint + o.dropped_message_count, 2147483647)::int,
       first_message_at = least(u.first_message_at, o.first_message_at),
       last_message_at = greatest(u.last_message_at, o.last_message_at)
     from old o where u.tenant_id = ${tenant} and u.integration_config_id = ${configId}
       and md5(${comparedBy('u')}) = md5(${after}) and ${comparedBy('u')} = ${after} returning o.id
   ), gone as (
     delete from unknown_sender u using merged m where u.tenant_id = ${tenant} and u.id = m.id returning u.id
   )
   update unknown_sender u set address = ${after}, identity_key = null, address_key = null from old o
   where u.tenant_id = ${tenant} and u.id = o.id and not exists (select from merged)`;
// A channel of the new address existed before: then the sender is known.
const ownersOf = statement(itsId)`
  select distinct c.participant_id as id from channel c where c.tenant_id = ${tenant} and c.integration_config_id = ${configId}
   and c.provider = ${providerName} and md5(${comparedBy('c')}) = md5(${after}) and ${comparedBy('c')} = ${after}`;

/**
 * Gives every channel of an integration config with the old address the new one, in one transaction. Counts stay, and
 * an avatar from the channel stays its own. A second call changes nothing, and neither does a key that has ended.
 */
export async function moveAddress(db: TenantDatabase, move: Move): Promise<void> {
  const { keyId, integrationConfigId: configId, provider, from, to } = move;
  if (from === to) return;
  await db.transaction(async (tx) => {
    const ids = (await tx.query(lockParticipants, { configId, provider, from })).map(({ id }) => id);
    if ((await tx.query(lockConfig, { configId, keyId })).length === 0) return;
    if (ids.length > 0) {
      await tx.query(lockChannels, { ids });
      await tx.query(mergeChannels, { ids, configId, from, to });
      const { identityKey, addressKey } = addressColumns(provider, to, null);
      const facts = { identityKey, addressKey, addressValid: fitsProvider(provider, to) };
      await tx.query(moveChannels, { ids, configId, from, to, ...facts });
      await tx.query(moveAvatars, { ids, configId, from, to });
      await tx.query(moveJobs, { ids, configId, from, to });
    }
    await tx.query(moveUnknownSender, { configId, from, to });
    for (const { id } of await tx.query(ownersOf, { configId, provider, to })) await mergeUnknownSenders(tx, id);
    for (const id of ids) announceParticipant(tx, id);
  });
}
