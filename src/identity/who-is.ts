import { visibleMembership } from '../auth/visible-conversations.ts';
import { asMembers, memberRow } from '../conversations/memberships.ts';
import type { Member } from '../conversations/subject.ts';
import type { TenantDatabase } from '../database/database.ts';
import { emailsLostBy, participantsWhoLost } from '../database/dropped-emails.ts';
import type { ExternalUser, Participant } from '../database/generated/client.ts';
import { boundedRows, maxRows } from '../database/loaders.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { type Fragment, join, none, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { sameEmail } from '../database/sql/same-email.ts';
import { statement } from '../database/sql/statement.ts';
import { array, assured, boolean, nullable, text as sqlText } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import { fieldOf, idByIdentifier, identifier, identifierKeys } from '../external-users/identifiers.ts';
import { listedUser } from '../external-users/queries.ts';
import { addressKey, comparedBy, identityKey, isNationalNumber } from '../providers/address.ts';
import { telephoneKey } from '../values/phone-number.ts';
import { text } from '../values/text.ts';
import { participantsLike, usersLike } from './same-person.ts';

/** The identifier to search for: exactly one of these. */
export type IdentityInput = {
  email?: string | null | undefined;
  phoneNumber?: string | null | undefined;
  fkId?: string | null | undefined;
  channel?: { provider: string; address: string } | null | undefined;
};

/**
 * An identifier with everything that it means: a channel's address can be an e-mail address or a telephone number too.
 */
export type Identity = {
  readonly email: string | null;
  /** The telephoneKey of the number. */
  readonly phoneNumber: string | null;
  readonly fkId: string | null;
  readonly provider: string | null;
  /** What the address may be compared by. Several values where its country is not known. */
  readonly addressKeys: readonly string[];
};

const nothing: Identity = { email: null, phoneNumber: null, fkId: null, provider: null, addressKeys: [] };

const regions = statement(rows({ region: assured(sqlText) }))`
  select distinct i.default_region as region from integration_config i
  where i.tenant_id = ${tenant} and i.provider = ${parameter('provider', sqlText)} and i.default_region is not null order by 1 limit 300`;

/**
 * Checks and normalises an identifier. A channel's number without a country gets the countries of the provider's
 * configs, which takes a statement. Throws VALIDATION_FAILED.
 */
export async function identityOf(
  db: Pick<TenantDatabase, 'query'>,
  { email, phoneNumber, fkId, channel }: IdentityInput,
): Promise<Identity> {
  if (email != null) return { ...nothing, email: identifier('emailaddress', email, ['by', 'email']).value };
  if (phoneNumber != null)
    return {
      ...nothing,
      phoneNumber: telephoneKey(identifier('phonenumber', phoneNumber, ['by', 'phoneNumber']).value),
    };
  if (fkId != null) return { ...nothing, fkId: identifier('fkid', fkId, ['by', 'fkId']).value };
  if (!channel)
    throw new Problem('VALIDATION_FAILED', 'Nothing to look for.', { errors: [{ path: ['by'], message: 'is empty' }] });

  const named = { provider: channel.provider.trim().toLowerCase(), address: channel.address.trim() };
  const errors = (['provider', 'address'] as const).flatMap((field) =>
    (text(1, 4_000).safeParse(named[field]).error?.issues ?? []).map(({ message }) => ({
      path: ['by', 'channel', field],
      message,
    })),
  );
  if (errors[0]) throw new Problem('VALIDATION_FAILED', `${errors[0].path.at(-1)} ${errors[0].message}`, { errors });
  const { provider, address } = named;
  const found = isNationalNumber(provider, address) ? await db.query(regions, { provider }) : [];
  const readings = [null, ...found.map(({ region }) => region)];
  const identities = new Set(
    readings.map((region) => identityKey(provider, address, region)).filter((key) => key !== null),
  );
  const [key = null] = identities.size === 1 ? identities : [];
  const isEmail = key?.includes('@') ?? false;
  return {
    ...nothing,
    provider,
    addressKeys: [...new Set([...readings.map((region) => addressKey(provider, address, region)), channel.address])],
    email: isEmail ? key : null,
    phoneNumber: isEmail ? null : key,
  };
}

const email = parameter('email', nullable(sqlText));
const phoneNumber = parameter('phoneNumber', nullable(sqlText));
const provider = parameter('provider', nullable(sqlText));
const across = parameter('across', boolean);
const users = identifierKeys.map(
  (key) => sql`select ${idByIdentifier(key, parameter(fieldOf(key), nullable(sqlText)))} as id`,
);

// What `found` finds besides, where it also goes by the e-mail addresses that merges of participants have dropped.
const lost = {
  participants: sql` union ${participantsWhoLost(email)}` as Fragment,
  likeUsers: sql`
    union select same.id from having_user h cross join lateral (
        select x.email from external_user x where x.tenant_id = ${tenant} and x.id = h.id and x.email is not null
        union select o.compare_key from external_user_identifier o
        where o.tenant_id = ${tenant} and o.external_user_id = h.id and o.identifier_key = 'emailaddress'
      ) theirs cross join lateral (${participantsWhoLost(sql`theirs.email`)}) same where ${across}` as Fragment,
  likeParticipants: sql`
    union select ${idByIdentifier('emailaddress', sql`theirs.email`)} from having_participant h
      cross join lateral (${emailsLostBy(sql`h.id`)}) theirs where ${across}` as Fragment,
};

/**
 * Selects what an identifier leads to: the rows that have it, and, where \`across\` allows it, the rows of the other
 * side that are the same person. PostgreSQL runs only the parts that a statement uses.
 */
const foundBy = (also: typeof lost) => sql`
  with having_participant as (
    select p.id from participant p where p.tenant_id = ${tenant} and ${sameEmail(sql`p.email`, email)}
    union select c.participant_id from channel c where c.tenant_id = ${tenant} and c.identity_key in (lower(${email}), ${phoneNumber})
    union select c.participant_id from unnest(${parameter('addressKeys', array(sqlText))}) asked (key) join channel c
      on c.tenant_id = ${tenant} and c.provider = ${provider} and md5(${comparedBy('c')}) = md5(asked.key) and ${comparedBy('c')} = asked.key${also.participants}
  ), having_user as (
    ${join(users, ' union ')}
  ), found_participant as (
    select id from having_participant
    union select same.id from having_user h join external_user x on x.tenant_id = ${tenant} and x.id = h.id
      cross join lateral (${participantsLike('x')}) same where ${across}${also.likeUsers}
  ), found_user as (
    select id from having_user
    union select same.id from having_participant h join participant x on x.tenant_id = ${tenant} and x.id = h.id
      cross join lateral (${usersLike('x')}) same where ${across}${also.likeParticipants}
  )`;
const found = foundBy({ participants: none, likeUsers: none, likeParticipants: none });
const everFound = foundBy(lost);

const participant = columns('Participant', 'p');
const foundParticipants = sql`select ${participant} from found_participant f join participant p on p.tenant_id = ${tenant} and p.id = f.id
  order by p.id limit ${maxRows + 1}`;
const participants = statement(participant)`
  ${found} ${foundParticipants}`;
const everParticipants = statement(participant)`
  ${everFound} ${foundParticipants}`;

const user = columns('ExternalUser', 'u', listedUser);
const foundUsers = sql`select ${user} from found_user f join external_user u on u.tenant_id = ${tenant} and u.id = f.id
  order by u.id limit ${maxRows + 1}`;
const externalUsers = statement(user)`
  ${found} ${foundUsers}`;
const everUsers = statement(user)`
  ${everFound} ${foundUsers}`;

const members = statement(memberRow)`
  ${found} select ${memberRow} from (
    select m.* from (
      select m.* from found_participant f join conversation_member m on m.tenant_id = ${tenant} and m.user_id = f.id
      union all
      select m.* from found_user f join conversation_member m on m.tenant_id = ${tenant} and m.contact_id = f.id
    ) m where ${visibleMembership('m')} order by m.id desc limit ${maxRows + 1}
  ) m order by m.id desc`;

/**
 * Returns the participants that the identifier leads to, with `across` also through external users, by id. Throws
 * RESULT_TOO_LARGE over 10,000.
 */
export const participantsOf = async (
  db: Pick<TenantDatabase, 'query'>,
  by: Identity,
  across: boolean,
): Promise<Participant[]> =>
  boundedRows(await db.query(participants, { ...by, across }), 'participants of that identifier');

/**
 * Returns the external users that the identifier leads to, with `across` also through participants, by id. Throws
 * RESULT_TOO_LARGE over 10,000.
 */
export const externalUsersOf = async (
  db: Pick<TenantDatabase, 'query'>,
  by: Identity,
  across: boolean,
): Promise<ExternalUser[]> =>
  boundedRows(await db.query(externalUsers, { ...by, across }), 'external users of that identifier');

/**
 * Returns the memberships of all of them in conversations that the viewer sees, the newest first. Throws
 * RESULT_TOO_LARGE over 10,000.
 */
export const membersOf = async (db: TenantDatabase, by: Identity, across: boolean): Promise<Member[]> =>
  asMembers(boundedRows(await db.query(members, { ...by, across }), 'memberships of that identifier'));

/**
 * Returns the users and participants of the person that an identifier leads to, by id, across both kinds. Also goes by
 * e-mail addresses that merges of participants have dropped. Throws RESULT_TOO_LARGE over 10,000.
 */
export async function personOf(db: Pick<TenantDatabase, 'query'>, by: Identity) {
  const given = { ...by, across: true };
  const users: ExternalUser[] = boundedRows(await db.query(everUsers, given), 'external users of that identifier');
  const participants: Participant[] = boundedRows(
    await db.query(everParticipants, given),
    'participants of that identifier',
  );
  return { users, participants };
}
