import { columns, rows } from '../database/sql/columns.ts';
import { type Fragment, name, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, nullable, text, uuid } from '../database/sql/types.ts';
import { historyKeysSql } from '../erasure/digests.ts';
import { comparedBy } from '../providers/address.ts';

/*
 * What is held about a person, for exports and erasures alike. Every way to it has an index.
 */

export const userIds = parameter('userIds', array(uuid));
export const participantIds = parameter('participantIds', array(uuid));
const ids = parameter('ids', array(uuid));
const idTexts = parameter('idTexts', array(text));

export const channelsOf = statement(
  rows({ provider: text, key: assured(text), identityKey: nullable(text), address: text }),
)`
  select c.provider, ${comparedBy('c')} as key, c.identity_key as "identityKey", c.address from channel c
  where c.tenant_id = ${tenant} and c.participant_id = any(${participantIds}) order by c.id`;

export const identifiersOf = statement(columns('ExternalUserIdentifier', 'i', ['identifierKey', 'compareKey']))`
  select ${columns('ExternalUserIdentifier', 'i', ['identifierKey', 'compareKey'])}
  from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = any(${userIds}) order by i.id`;

const texts = parameter('texts', array(text));

const isGone = (id: Fragment): Fragment<{ tenantId: string }> => sql`
    not exists (select from external_user x where x.tenant_id = ${tenant} and x.id = ${id} offset 0)
    and not exists (select from participant x where x.tenant_id = ${tenant} and x.id = ${id} offset 0)
    and not exists (select from unknown_sender x where x.tenant_id = ${tenant} and x.id = ${id} offset 0)`;

// Who was merged away is not gone where the survivor has one of the texts, or has lost it by the merge: it is the
// survivor's, who is somebody else.
const isOfSurvivor = (id: Fragment): Fragment<{ tenantId: string } & { texts: readonly string[] }> => sql`
    exists (
      select from merged_id r where r.tenant_id = ${tenant} and r.id = ${id} and (
        exists (select from external_user_identifier x where x.tenant_id = ${tenant} and x.external_user_id = r.into_id
          and history_keys(to_jsonb(x)) && ${historyKeysSql(texts)})
        or exists (select from channel x where x.tenant_id = ${tenant} and x.participant_id = r.into_id
          and history_keys(to_jsonb(x)) && ${historyKeysSql(texts)})
        or exists (select from participant x where x.tenant_id = ${tenant} and x.id = r.into_id
          and history_keys(to_jsonb(x)) && ${historyKeysSql(texts)})
        or exists (select from merge x where x.tenant_id = ${tenant} and x.id = r.merge_id
          and merge_dropped_keys(x.tenant_id, x.record) && ${historyKeysSql(texts)})) offset 0)`;

/**
 * The ids of users, participants and unknown senders who are gone, where the history has one of these texts about them,
 * and of those who are gone and gave them a channel or an identifier by a merge. Groups and agents are nobody's data.
 * With `offset 0` each of the few is looked at by itself.
 */
export const goneOf = statement(rows({ id: assured(uuid) }))`
  with recursive gone (id) as (
    select h.about_id from history_entry h
    where h.tenant_id = ${tenant} and h.keys && ${historyKeysSql(texts)} and h.about_id is not null
      and h.subject_type in ('ExternalUser', 'ExternalUserIdentifier', 'Participant', 'Channel', 'UnknownSender')
      and ${isGone(name('h.about_id'))} and not ${isOfSurvivor(name('h.about_id'))}
      and not exists (
        select from history_entry g where g.tenant_id = ${tenant} and g.about_id = h.about_id and g.subject_type = 'Participant'
          and coalesce(g.after, g.before) ->> 'kind' in ('GROUP', 'AI_AGENT') offset 0)
    union
    select o.id from gone g join history_entry h on h.tenant_id = ${tenant} and h.about_id = g.id
      cross join lateral (
        select coalesce(h.before ->> 'participant_id', h.before ->> 'external_user_id')::uuid
      ) o (id)
    where h.subject_type in ('Channel', 'ExternalUserIdentifier') and o.id <> g.id
      and ${isGone(name('o.id'))} and not ${isOfSurvivor(name('o.id'))}
  ) select g.id from gone g`;

/** SQL for the ids of memberships, with the tombstones of before: they are the person's no less. */
export const membershipIds: Fragment<
  { tenantId: string } & { userIds: readonly string[] } & { participantIds: readonly string[] } & {
    idTexts: readonly string[];
  }
> = sql`
    select m.id from conversation_member m where m.tenant_id = ${tenant} and m.contact_id = any(${userIds})
    union select m.id from conversation_member m where m.tenant_id = ${tenant} and m.user_id = any(${participantIds})
    union select m.id from conversation_member m where m.tenant_id = ${tenant} and m.deleted_at is not null
      and m.participant_id = any(${idTexts}) and m.type in ('CONTACT', 'USER')`;

const senderKey = comparedBy('s');

/** SQL for the ids of unknown senders. What a sender is compared by is its identity, where it has one. */
export const senderIds: Fragment<
  { tenantId: string } & { ids: readonly string[] } & { identities: readonly string[] } & {
    providers: readonly string[];
  } & { addressKeys: readonly string[] }
> = sql`
    select s.id from unknown_sender s where s.tenant_id = ${tenant} and s.approved_participant_id = any(${ids})
    union select s.id from integration_config i cross join unnest(${parameter('identities', array(text))}) k (key)
      join unknown_sender s on s.tenant_id = i.tenant_id and s.integration_config_id = i.id and md5(${senderKey}) = md5(k.key)
      where i.tenant_id = ${tenant} and s.identity_key = k.key
    union select s.id from unnest(${parameter('providers', array(text))}, ${parameter('addressKeys', array(text))}) a (provider, key)
      join integration_config i on i.tenant_id = ${tenant} and i.provider = a.provider
      join unknown_sender s on s.tenant_id = i.tenant_id and s.integration_config_id = i.id and md5(${senderKey}) = md5(a.key)
      where ${senderKey} = a.key`;

const keys = historyKeysSql(parameter('historyTexts', array(text)));

// An entry does not have what an address is compared by, but most addresses are that themselves.
const keysIn = (values: Fragment): Fragment =>
  sql`history_keys(${values} || jsonb_build_object('tenant_id', o.tenant_id, 'address_key', ${values} ->> 'address',
        'identity_key', lower(${values} ->> 'address')))`;

/**
 * SQL for the ids of entries of the history: those about the person and of their memberships, those that have a text of
 * theirs, and, of somebody else who had a text of theirs for a time, those that have it.
 */
export const entryIds: Fragment<
  { tenantId: string } & { ids: readonly string[] } & { historyTexts: readonly string[] } & {
    conversationIds: readonly string[];
  } & { membershipTexts: readonly string[] }
> = sql`
    select h.id from history_entry h where h.tenant_id = ${tenant} and h.about_id = any(${ids})
    union select h.id from history_entry h where h.tenant_id = ${tenant} and h.keys && ${keys}
    union select h.id from unnest(${parameter('conversationIds', array(uuid))}, ${parameter('membershipTexts', array(text))}) m (conversation, id)
      join history_entry h on h.tenant_id = ${tenant} and h.about_id = m.conversation and h.subject_id = m.id
    union select o.id from history_entry h join history_entry o on o.tenant_id = h.tenant_id and o.about_id = h.about_id and o.subject_id = h.subject_id
      where h.tenant_id = ${tenant} and h.keys && ${keys} and h.subject_type = 'ConversationParticipant'
    union select o.id from (
        select distinct h.about_id from history_entry h
        where h.tenant_id = ${tenant} and h.keys && ${keys} and h.subject_type <> 'ConversationParticipant' and h.about_id <> all(${ids})
      ) h join history_entry o on o.tenant_id = ${tenant} and o.about_id = h.about_id
      where (${keysIn(sql`o.before`)} || ${keysIn(sql`o.after`)}) && ${keys}`;
