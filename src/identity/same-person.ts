import { bounded, manyBy, maxRows } from '../database/loaders.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { anyKey, name, sql, tenant } from '../database/sql/fragment.ts';
import { sameEmail } from '../database/sql/same-email.ts';
import { statement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import { phoneKeyOf } from '../external-users/identifiers.ts';
import { listedUser } from '../external-users/queries.ts';

/*
 * A participant and an external user are the same person when they share an e-mail address or a
 * telephone number: the participant's own e-mail, or a channel with one of them as its address.
 */

// The identifiers of users beside their primary ones, which stand in their columns.
const others = sql`external_user_identifier o`;

/** Selects the ids of the participants who are the same person as the `external_user` under an alias. */
export const participantsLike = (user: string) => {
  const u = name(user);
  return sql`select p.id from participant p where p.tenant_id = ${u}.tenant_id and ${sameEmail(sql`p.email`, sql`${u}.email`)}
   union
   select c.participant_id from channel c
   where c.tenant_id = ${u}.tenant_id and c.identity_key in (lower(${u}.email), ${phoneKeyOf(user)})
   union
   select p.id from ${others} join participant p on p.tenant_id = o.tenant_id and ${sameEmail(sql`p.email`, sql`o.compare_key`)}
   where o.tenant_id = ${u}.tenant_id and o.external_user_id = ${u}.id and o.identifier_key = 'emailaddress' and not o.is_primary
   union
   select c.participant_id from ${others} join channel c on c.tenant_id = o.tenant_id and c.identity_key = o.compare_key
   where o.tenant_id = ${u}.tenant_id and o.external_user_id = ${u}.id and o.identifier_key <> 'fkid' and not o.is_primary`;
};

/** Selects the ids of the external users who are the same person as the `participant` under an alias. */
export const usersLike = (participant: string) => {
  const p = name(participant);
  return sql`select u.id from external_user u where u.tenant_id = ${p}.tenant_id and ${sameEmail(sql`u.email`, sql`${p}.email`)}
   union
   select u.id from channel c join external_user u on u.tenant_id = c.tenant_id and u.phone_number is not null and ${phoneKeyOf('u')} = c.identity_key
   where c.tenant_id = ${p}.tenant_id and c.participant_id = ${p}.id
   union
   select u.id from channel c join external_user u on u.tenant_id = c.tenant_id and ${sameEmail(sql`u.email`, sql`c.identity_key`)}
   where c.tenant_id = ${p}.tenant_id and c.participant_id = ${p}.id
   union
   select o.external_user_id from ${others} where o.tenant_id = ${p}.tenant_id and o.identifier_key = 'emailaddress'
     and md5(o.compare_key) = md5(lower(${p}.email)) and o.compare_key = lower(${p}.email) and not o.is_primary
   union
   select o.external_user_id from channel c join ${others} on o.tenant_id = c.tenant_id and o.identifier_key in ('emailaddress', 'phonenumber')
     and md5(o.compare_key) = md5(c.identity_key) and o.compare_key = c.identity_key and not o.is_primary
   where c.tenant_id = ${p}.tenant_id and c.participant_id = ${p}.id`;
};

const participant = columns('Participant', 'q');
const user = columns('ExternalUser', 'q', listedUser);

/** The participants who are the same person as external users, ordered by id. Throws RESULT_TOO_LARGE. */
export const participantsByUser = bounded(
  manyBy(
    statement(rows({ userId: uuid }, participant))`
      select x.id as "userId", ${participant} from external_user x
      cross join lateral (${participantsLike('x')}) same join participant q on q.tenant_id = x.tenant_id and q.id = same.id
      where x.tenant_id = ${tenant} and x.id = ${anyKey(uuid)} order by x.id, q.id limit ${maxRows + 1}`,
    'userId',
  ),
  'participants of external users',
);

/** The external users who are the same person as participants, ordered by id. Throws RESULT_TOO_LARGE. */
export const usersByParticipant = bounded(
  manyBy(
    statement(rows({ participantId: uuid }, user))`
      select x.id as "participantId", ${user} from participant x
      cross join lateral (${usersLike('x')}) same join external_user q on q.tenant_id = x.tenant_id and q.id = same.id
      where x.tenant_id = ${tenant} and x.id = ${anyKey(uuid)} order by x.id, q.id limit ${maxRows + 1}`,
    'participantId',
  ),
  'external users of participants',
);
