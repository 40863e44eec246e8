import type { ExternalUser, Participant } from '../database/generated/client.ts';
import { bounded, manyBy, mostRows } from '../database/loaders.ts';
import { columns, tenantStatement } from '../database/statement.ts';
import { phoneKeyOf, sameEmail } from '../external-users/identifiers.ts';
import { listedUser } from '../external-users/queries.ts';

/*
 * A participant and an external user are the same person when they share an e-mail address or a
 * telephone number: the participant's own e-mail, or a channel whose address is such an identity.
 */

/** Selects the ids of the participants who are the same person as the `external_user` under an alias. */
export const participantsLike = (user: string): string =>
  `select p.id from participant p where p.tenant_id = ${user}.tenant_id and ${sameEmail('p.email', `${user}.email`)}
   union
   select c.participant_id from channel c
   where c.tenant_id = ${user}.tenant_id and c.identity_key in (lower(${user}.email), ${phoneKeyOf(user)})`;

/** Selects the ids of the external users who are the same person as the `participant` under an alias. */
export const usersLike = (participant: string): string =>
  `select u.id from external_user u where u.tenant_id = ${participant}.tenant_id and ${sameEmail('u.email', `${participant}.email`)}
   union
   select u.id from channel c join external_user u on u.tenant_id = c.tenant_id and u.phone_number is not null and ${phoneKeyOf('u')} = c.identity_key
   where c.tenant_id = ${participant}.tenant_id and c.participant_id = ${participant}.id
   union
   select u.id from channel c join external_user u on u.tenant_id = c.tenant_id and ${sameEmail('u.email', 'c.identity_key')}
   where c.tenant_id = ${participant}.tenant_id and c.participant_id = ${participant}.id`;

/** The participants who are the same person as external users, ordered by id. Throws RESULT_TOO_LARGE. */
export const participantsByUser = bounded(
  manyBy(
    tenantStatement<Participant & { userId: string }>(
      `select x.id as "userId", ${columns('Participant', 'q')} from external_user x
       cross join lateral (${participantsLike('x')}) same join participant q on q.tenant_id = x.tenant_id and q.id = same.id
       where x.tenant_id = $1 and x.id = any($2::uuid[]) order by x.id, q.id limit ${mostRows + 1}`,
    ),
    'userId',
  ),
  'participants of external users',
);

/** The external users who are the same person as participants, ordered by id. Throws RESULT_TOO_LARGE. */
export const usersByParticipant = bounded(
  manyBy(
    tenantStatement<ExternalUser & { participantId: string }>(
      `select x.id as "participantId", ${columns('ExternalUser', 'q', listedUser)} from participant x
       cross join lateral (${usersLike('x')}) same join external_user q on q.tenant_id = x.tenant_id and q.id = same.id
       where x.tenant_id = $1 and x.id = any($2::uuid[]) order by x.id, q.id limit ${mostRows + 1}`,
    ),
    'participantId',
  ),
  'external users of participants',
);
