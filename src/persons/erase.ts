import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { newId } from '../database/ids.ts';
import { oneByUuid } from '../database/loaders.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { anyKey, parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, boolean, integer, nullable, text, uuid } from '../database/sql/types.ts';
import type { ParticipantHooks } from '../directory/participants/hooks.ts';
import { deleteInTransaction } from '../directory/participants/participants.ts';
import { addressText, digestOf, fkText, identityText } from '../erasure/digests.ts';
import { forgetMerges, mergedIdsOf } from '../external-users/merges-of.ts';
import type { IdentityInput } from '../identity/who-is.ts';
import { comparedBy } from '../providers/address.ts';
import { telephoneKey } from '../values/phone-number.ts';
import { findPerson, type Person, textsOf, unconfirmed } from './found.ts';

/** The unchecked input of erasePerson. */
export type EraseInput = { by: IdentityInput; confirm: boolean; block?: boolean | null | undefined };

const participantIds = parameter('participantIds', array(uuid));
const userIds = parameter('userIds', array(uuid));

const lockUsers = statement(rows({ id: uuid }))`
  select u.id from external_user u where u.tenant_id = ${tenant} and u.id = any(${userIds}) order by u.id for update`;

const channelsOf = statement(rows({ provider: text, key: assured(text), identityKey: nullable(text), address: text }))`
  select c.provider, ${comparedBy('c')} as key, c.identity_key as "identityKey", c.address from channel c
  where c.tenant_id = ${tenant} and c.participant_id = any(${participantIds}) order by c.id`;

const identifiersOf = statement(
  columns('ExternalUserIdentifier', 'i', ['identifierKey', 'identifierValue', 'compareKey']),
)`
  select ${columns('ExternalUserIdentifier', 'i', ['identifierKey', 'identifierValue', 'compareKey'])}
  from external_user_identifier i where i.tenant_id = ${tenant} and i.external_user_id = any(${userIds}) order by i.id`;

// Tombstones of before too: they are the person's no less.
const removeMemberships = statement(rows({ id: uuid, conversationId: uuid }))`
  delete from conversation_member m where m.tenant_id = ${tenant} and (
    (m.type = 'CONTACT' and m.participant_id = any(${parameter('userTexts', array(text))}))
    or (m.type = 'USER' and m.participant_id = any(${parameter('participantTexts', array(text))})))
  returning m.id, m.conversation_id as "conversationId"`;

const removeUsers = statement(rows({ id: uuid }))`
  delete from external_user u where u.tenant_id = ${tenant} and u.id = any(${userIds}) returning u.id`;

const removeSenders = statement(rows({ id: uuid }))`
  delete from unknown_sender s using integration_config i
  where s.tenant_id = ${tenant} and i.tenant_id = s.tenant_id and i.id = s.integration_config_id and (
    s.approved_participant_id = any(${participantIds})
    or s.identity_key = any(${parameter('identities', array(text))})
    or i.provider || ' ' || ${comparedBy('s')} = any(${parameter('addresses', array(text))}))
  returning s.id`;

const removeKeys = statement(rows({ count: integer }))`
  with gone as (
    delete from idempotency_key k where k.tenant_id = ${tenant} and k.result_ids && ${parameter('ids', array(text))} returning k.key
  ) select count(*)::int as count from gone`;

// The pictures of participants, as their history names them: those of before too.
const picturesOf = statement(rows({ id: assured(uuid) }))`
  select p.avatar_file_id as id from participant p
  where p.tenant_id = ${tenant} and p.id = any(${participantIds}) and p.avatar_file_id is not null
  union
  select v.id::uuid from history_entry h cross join lateral (
    values (h.before ->> 'avatar_file_id'), (h.after ->> 'avatar_file_id')) v (id)
  where h.tenant_id = ${tenant} and h.about_id = any(${participantIds}) and v.id is not null`;

// Entries about somebody who is gone already have no row that leads to them: their own values do.
const removeHistory = statement(rows({ count: integer }))`
  with gone as (
    delete from history_entry h where h.tenant_id = ${tenant} and (
      h.about_id = any(${parameter('aboutIds', array(uuid))}) or h.subject_id = any(${parameter('ids', array(text))})
      or coalesce(h.after, h.before) ->> 'participant_id' = any(${parameter('ids', array(text))})
      or exists (
        select from (values (h.before), (h.after)) v (of) cross join lateral jsonb_each_text(v.of) c
        where c.key in ('email', 'phone_number', 'fk_id', 'address', 'avatar_source_address')
          and lower(c.value) = any(${parameter('values', array(text))})))
    returning h.id
  ) select count(*)::int as count from gone`;

const dropFiles = statement(rows({ id: uuid, path: text }))`
  update file f set content_hash = null, touched_at = now()
  where f.tenant_id = ${tenant} and f.id = any(${parameter('fileIds', array(uuid))})
    and not exists (select from participant p where p.tenant_id = f.tenant_id and p.avatar_file_id = f.id)
  returning f.id, f.path`;

const expireData = statement(rows({ id: uuid, path: text }))`
  update data_file f set expires_at = now() - interval '1 hour' where f.tenant_id = ${tenant} returning f.id, f.path`;

const record = statement(rows({ id: uuid }))`
  insert into erasure (tenant_id, id, digest, is_blocked, external_users, participants, memberships, history_entries, files, erased_by)
  select t.tenant_id, ${parameter('id', uuid)}, ${parameter('digest', text)}, ${parameter('isBlocked', boolean)},
    ${parameter('externalUsers', integer)}, ${parameter('participants', integer)}, ${parameter('memberships', integer)},
    ${parameter('historyEntries', integer)}, ${parameter('files', integer)}, ${parameter('by', text)}
  from (select ${tenant} as tenant_id) t where t.tenant_id = ${tenant}
  returning id`;

const block = statement(rows({ digest: text }))`
  insert into blocked_digest as b (tenant_id, digest, erasure_id)
  select ${tenant}, d.digest, ${parameter('id', uuid)} from unnest(${parameter('digests', array(text))}) d (digest)
  on conflict (tenant_id, digest) do update set erasure_id = excluded.erasure_id where b.tenant_id = ${tenant} returning b.digest`;

const erasure = columns('Erasure', 'e');

/** Records of erasures by their ids. */
export const erasureById = oneByUuid(
  statement(erasure)`select ${erasure} from erasure e where e.tenant_id = ${tenant} and e.id = ${anyKey(uuid)}`,
  'id',
);

/** What the storage holds of an erased person, to be deleted after the commit. */
export type LeftFiles = {
  tenantId: string;
  pictures: { id: string; path: string }[];
  data: { id: string; path: string }[];
};

type Identifiers = Awaited<ReturnType<typeof identifiersIn>>;
const identifiersIn = (tx: TenantTransaction, ids: readonly string[]) => tx.query(identifiersOf, { userIds: ids });

type Channels = Awaited<ReturnType<typeof channelsIn>>;
const channelsIn = (tx: TenantTransaction, ids: readonly string[]) => tx.query(channelsOf, { participantIds: ids });

/** The texts of everything by which the person could come back. */
function everyText({ by, users, participants }: Person, channels: Channels, others: Identifiers): string[] {
  return [
    ...textsOf(by),
    ...users.flatMap(({ email, phoneNumber, fkId }) => [
      ...(email ? [identityText(email.toLowerCase())] : []),
      ...(phoneNumber ? [identityText(telephoneKey(phoneNumber))] : []),
      ...(fkId ? [fkText(fkId)] : []),
    ]),
    ...others.map(({ identifierKey, compareKey }) =>
      identifierKey === 'fkid' ? fkText(compareKey) : identityText(compareKey),
    ),
    ...participants.flatMap(({ email }) => (email ? [identityText(email.toLowerCase())] : [])),
    ...channels.flatMap(({ provider, key, identityKey }) => [
      addressText(provider, key),
      ...(identityKey ? [identityText(identityKey)] : []),
    ]),
  ];
}

/** The values by which entries of the history are found. */
function everyValue({ by, users, participants }: Person, channels: Channels, others: Identifiers): string[] {
  const values = [
    by.email,
    by.phoneNumber,
    by.fkId,
    ...by.addressKeys,
    ...users.flatMap(({ email, phoneNumber, fkId }) => [email, phoneNumber, fkId]),
    ...others.map(({ identifierValue }) => identifierValue),
    ...participants.map(({ email }) => email),
    ...channels.map(({ address }) => address),
  ];
  return [...new Set(values.flatMap((value) => (value ? value.toLowerCase() : [])))];
}

/**
 * Deletes everything that is held about the person that an identifier leads to, in one transaction, and records that it
 * was done, with a digest. `block` keeps digests of all their identifiers, so that imports and webhooks do not bring
 * them back. Returns the record's id, and the files that are still to be deleted. Throws VALIDATION_FAILED without a
 * confirmation.
 */
export async function erasePerson(
  db: TenantDatabase,
  input: EraseInput,
  erasedBy: string,
  hooks: Pick<ParticipantHooks, 'beforeDelete'>,
): Promise<{ id: string; left: LeftFiles }> {
  if (input.confirm !== true) throw unconfirmed();
  const person = await findPerson(db, input.by);
  const id = newId();
  return db.transaction(async (tx) => {
    const users = person.users.map((user) => user.id);
    const participants = person.participants.map((participant) => participant.id).sort();
    await tx.query(lockUsers, { userIds: users });
    const channels = await channelsIn(tx, participants);
    const pictures = await tx.query(picturesOf, { participantIds: participants });
    const memberships = await tx.query(removeMemberships, { userTexts: users, participantTexts: participants });
    for (const participant of participants) await deleteInTransaction(tx, participant, hooks);
    const others = await identifiersIn(tx, users);
    const merged = (await tx.query(mergedIdsOf, { ids: users })).map((each) => each.id);
    await tx.query(forgetMerges, { ids: users });
    const gone = await tx.query(removeUsers, { userIds: users });
    const texts = [...new Set(everyText(person, channels, others))];
    const senders = await tx.query(removeSenders, {
      participantIds: participants,
      identities: texts.flatMap((given) => (given.startsWith('identity ') ? given.slice('identity '.length) : [])),
      addresses: texts.flatMap((given) => (given.startsWith('address ') ? given.slice('address '.length) : [])),
    });
    const ids = [...users, ...merged, ...participants];
    await tx.query(removeKeys, { ids });
    // Triggers have recorded what was deleted above, so this comes last.
    const about = [...ids, ...senders.map((sender) => sender.id)];
    const [{ count } = { count: 0 }] = await tx.query(removeHistory, {
      aboutIds: about,
      ids: [...about, ...memberships.map((membership) => membership.id)],
      values: everyValue(person, channels, others),
    });
    const files = await tx.query(dropFiles, { fileIds: pictures.map((picture) => picture.id) });
    const data = await tx.query(expireData);
    const [named = ''] = textsOf(person.by);
    await tx.query(record, {
      id,
      digest: digestOf(db.tenantId, named),
      isBlocked: input.block === true,
      externalUsers: gone.length,
      participants: participants.length,
      memberships: memberships.length,
      historyEntries: count,
      files: files.length + data.length,
      by: erasedBy,
    });
    if (input.block === true)
      await tx.query(block, { id, digests: texts.map((given) => digestOf(db.tenantId, given)).sort() });
    const occurredAt = tx.now().toISOString();
    for (const { id: membershipId, conversationId } of memberships)
      tx.announce('conversationParticipantChanged', { conversationId, membershipId, change: 'REMOVED', occurredAt });
    return { id, left: { tenantId: db.tenantId, pictures: files, data } };
  });
}
