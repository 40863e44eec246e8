import type { ExternalUser, IdentifierKey } from '../database/generated/client.ts';
import { asUuid } from '../database/ids.ts';
import type { Loader } from '../database/loaders.ts';
import { survivorOf } from '../database/redirects.ts';
import { columns, rows } from '../database/sql/columns.ts';
import { type Fragment, join, literal, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, text, textOf, uuid } from '../database/sql/types.ts';
import { identifierKeys, identifierOrNull, userByIdentifier } from './identifiers.ts';
import { listedUser } from './queries.ts';

type Key = 'id' | IdentifierKey;

/** What names one external user: its UUID, or one of its identifiers in any spelling. */
export type UserKey = { readonly key: Key; readonly value: string };

const listed = columns('ExternalUser', 'u', listedUser);
const asked = sql`asked.value`;

// The limit keeps the planner from reading the whole table for a long list of keys.
const found = <Values, Users>(key: Key, values: Fragment<Values>, users: Fragment<Users>) =>
  sql`select ${literal(key)} as key, asked.value::text as value, u.* from unnest(${values}) asked (value) cross join lateral (
    select ${listed} from ${users} u limit 1) u`;

// An id that was merged away leads to the survivor.
const byId = sql`(select x.* from external_user x where x.tenant_id = ${tenant} and x.id = ${survivorOf('EXTERNAL_USER', asked, tenant)})`;
const foundBy = (key: IdentifierKey) => found(key, parameter(key, array(text)), userByIdentifier(key, asked));

const byKeys = statement(rows({ key: textOf<Key>(), value: text }, listed))`
  ${found('id', parameter('id', array(uuid)), byId)} union all ${join(identifierKeys.map(foundBy), ' union all ')}`;

const identity = ({ key, value }: UserKey) => `${key} ${value}`;

/** Returns the key in the spelling that is stored or compared. Null when no user can have it. */
function normalised({ key, value }: UserKey): UserKey | null {
  const normal = key === 'id' ? asUuid(value) : identifierOrNull(key, value);
  return normal === null ? null : { key, value: normal };
}

/**
 * External users by their ids and identifiers, without their metadata: one statement for all keys of a level, of
 * whichever kind. A value that no user can have finds nobody, and costs no statement.
 */
export const externalUserByAnyKey: Loader<UserKey, ExternalUser | null> = {
  identity,
  async load(database, given) {
    const keys = given.map(normalised);
    if (keys.every((key) => key === null)) return keys.map(() => null);
    const of = (kind: Key) => [...new Set(keys.flatMap((each) => (each?.key === kind ? [each.value] : [])))];
    const users = await database.query(byKeys, {
      id: of('id'),
      emailaddress: of('emailaddress'),
      phonenumber: of('phonenumber'),
      fkid: of('fkid'),
    });
    const byKey = new Map(users.map((user) => [identity(user), user]));
    return keys.map((key) => (key && byKey.get(identity(key))) ?? null);
  },
};
