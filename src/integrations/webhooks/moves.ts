import type { TenantDatabase } from '../../database/database.ts';
import { tenantStatement } from '../../database/statement.ts';
import { announceParticipant } from '../../directory/participants/announce.ts';
import { absorbUnknownSenders } from '../../directory/unknown-senders/absorb.ts';
import { addressColumns, comparedBy, fitsProvider } from '../../providers/address.ts';

/** That a provider gave a chat another address. */
export type Move = { keyId: string; integrationConfigId: string; provider: string; from: string; to: string };

// Locks are taken in the order in which other writers take them: participants, the config, channels.
const lockParticipants = tenantStatement<{ id: string }>(
  `select p.id from participant p where p.tenant_id = $1 and p.id in (
     select c.participant_id from channel c where c.tenant_id = $1 and c.integration_config_id = $2::uuid
     and c.provider = $3 and md5(${comparedBy('c')}) = md5($4) and ${comparedBy('c')} = $4)
   order by p.id for no key update`,
);
const lockConfig = tenantStatement<{ id: string }>(
  `select i.id from integration_config i join webhook_key k on k.tenant_id = i.tenant_id and k.integration_config_id = i.id
   where i.tenant_id = $1 and i.id = $2::uuid and k.id = $3::uuid and k.revoked_at is null for no key update of i`,
);
const lockChannels = tenantStatement<{ id: string }>(
  `select c.id from channel c where c.tenant_id = $1 and c.participant_id = any($2::uuid[]) order by c.id for no key update`,
);

// A participant may have a channel of the new address already: it takes over what was counted of the old one.
const mergeChannels = tenantStatement<never>(
  `with old as (
     select c.* from channel c where c.tenant_id = $1 and c.participant_id = any($2::uuid[])
     and c.integration_config_id = $3::uuid and c.address = $4
   ), merged as (
     update channel c set message_count = least(c.message_count::bigint + o.message_count, 2147483647)::int,
       last_message_at = greatest(c.last_message_at, o.last_message_at)
     from old o where c.tenant_id = $1 and c.participant_id = o.participant_id
       and c.integration_config_id = $3::uuid and c.address = $5 returning o.id
   )
   delete from channel c using merged m where c.tenant_id = $1 and c.id = m.id`,
);
const moveChannels = tenantStatement<never>(
  `update channel c set address = $5, identity_key = $6, address_key = $7, address_valid = $8
   where c.tenant_id = $1 and c.participant_id = any($2::uuid[]) and c.integration_config_id = $3::uuid and c.address = $4`,
);
const moveAvatars = tenantStatement<never>(
  `update participant p set avatar_source_address = $5
   where p.tenant_id = $1 and p.id = any($2::uuid[]) and p.avatar_source_config_id = $3::uuid and p.avatar_source_address = $4`,
);
const moveJobs = tenantStatement<never>(
  `update avatar_sync_job j set address = $5 where j.tenant_id = $1 and j.participant_id = any($2::uuid[])
   and j.integration_config_id = $3::uuid and j.address = $4`,
);

// The old address's unknown sender becomes the new one's, or is added to it.
const moveUnknownSender = tenantStatement<never>(
  `with old as (
     select u.* from unknown_sender u where u.tenant_id = $1 and u.integration_config_id = $2::uuid
     and md5(${comparedBy('u')}) = md5($3) and ${comparedBy('u')} = $3 for update
   ), merged as (
     update unknown_sender u set message_count = least(u.message_count::bigint + o.message_count, 2147483647)::int,
       first_message_at = least(u.first_message_at, o.first_message_at),
       last_message_at = greatest(u.last_message_at, o.last_message_at)
     from old o where u.tenant_id = $1 and u.integration_config_id = $2::uuid
       and md5(${comparedBy('u')}) = md5($4) and ${comparedBy('u')} = $4 returning o.id
   ), gone as (
     delete from unknown_sender u using merged m where u.tenant_id = $1 and u.id = m.id returning u.id
   )
   update unknown_sender u set address = $4, identity_key = null, address_key = null from old o
   where u.tenant_id = $1 and u.id = o.id and not exists (select from merged)`,
);
// Somebody may have had a channel of the new address before: then nobody is unknown under it.
const ownersOf = tenantStatement<{ id: string }>(
  `select distinct c.participant_id as id from channel c where c.tenant_id = $1 and c.integration_config_id = $2::uuid
   and c.provider = $3 and md5(${comparedBy('c')}) = md5($4) and ${comparedBy('c')} = $4`,
);

/**
 * Gives every channel of an integration config that has the old address the new one, in one transaction: what was counted stays, and
 * an avatar that came from the channel remains its own. To do so again changes nothing, and so does a key that has ended.
 */
export async function moveAddress(db: TenantDatabase, move: Move): Promise<void> {
  const { keyId, integrationConfigId: configId, provider, from, to } = move;
  if (from === to) return;
  await db.transaction(async (tx) => {
    const ids = (await tx.query(lockParticipants, configId, provider, from)).map(({ id }) => id);
    if ((await tx.query(lockConfig, configId, keyId)).length === 0) return;
    if (ids.length > 0) {
      await tx.query(lockChannels, ids);
      await tx.query(mergeChannels, ids, configId, from, to);
      const keys = addressColumns(provider, to, null);
      const facts = [keys.identityKey, keys.addressKey, fitsProvider(provider, to)] as const;
      await tx.query(moveChannels, ids, configId, from, to, ...facts);
      await tx.query(moveAvatars, ids, configId, from, to);
      await tx.query(moveJobs, ids, configId, from, to);
    }
    await tx.query(moveUnknownSender, configId, from, to);
    for (const { id } of await tx.query(ownersOf, configId, provider, to)) await absorbUnknownSenders(tx, id);
    for (const id of ids) announceParticipant(tx, id);
  });
}
