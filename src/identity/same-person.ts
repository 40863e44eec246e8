import { bounded, manyBy, mostRows } from '../database/loaders.ts';
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

/** Selects the ids of the participants who are the same person as the `external_user` under an alias. */
export const participantsLike = (user: string) => {
  const u = name(user);
  return sql`select p.id from participant p where p.tenant_id = ${u}.tenant_id and ${sameEmail(sql`p.email`, sql`${u}.email`)}
   union
   select c.participant_id from channel c
   where c.tenant_id = ${u}.tenant_id and c.identity_key in (lower(${u}.email), ${phoneKeyOf(user)})`;
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
      where x.tenant_id = ${tenant} and x.id = ${anyKey(uuid)} order by x.id, q.id limit ${mostRows + 1}`,
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
      where x.tenant_id = ${tenant} and x.id = ${anyKey(uuid)} order by x.id, q.id limit ${mostRows + 1}`,
    'participantId',
  ),
  'external users of participants',
);
