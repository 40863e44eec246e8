import { visibleMembership } from '../auth/visible-conversations.ts';
import { countBytes } from '../database/counted.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { ExternalUser, IdentifierKey } from '../database/generated/client.ts';
import { bounded, type Loader, manyBy, maxRows, oneByUuid } from '../database/loaders.ts';
import { following } from '../database/redirects.ts';
import { columns, fieldsBut, rows } from '../database/sql/columns.ts';
import { anyKey, parameter, sql, tenant } from '../database/sql/fragment.ts';
import { batchedRead, statement } from '../database/sql/statement.ts';
import { assured, list, text, uuid } from '../database/sql/types.ts';
import { type Identifier, identifierKeys, userByIdentifier } from './identifiers.ts';

const row = columns('ExternalUser', 'u');

/** What lists read of external users: all but the metadata, which can have 16 KB each. */
export const listedUser = fieldsBut('ExternalUser', 'metadata');

const metadata = columns('ExternalUser', 'u', ['id', 'metadata']);
const metadataOfUsers = oneByUuid(
  batchedRead(
    metadata,
  )`select ${metadata} from external_user u where u.tenant_id = ${tenant} and u.id = ${anyKey(uuid)}`,
  'id',
);

/** The metadata of users that were read without it, a few hundred per statement to bound what is read at once. */
export const metadataByUser: Loader<string, ExternalUser['metadata']> = {
  maxBatchSize: 200,
  load: async (database, ids) => (await metadataOfUsers.load(database, ids)).map((user) => user?.metadata ?? null),
};

/** Counts the bytes of the metadata of users, as `countBytes` has it. */
export const countMetadata = countBytes(
  sql`u.metadata`,
  sql`external_user u where u.tenant_id = ${tenant} and u.id = k.id`,
);

/** External users by their ids. An id that was merged away leads to the survivor. */
export const externalUserById: Loader<string, ExternalUser | null> = following(
  'EXTERNAL_USER',
  oneByUuid(
    batchedRead(row)`select ${row} from external_user u where u.tenant_id = ${tenant} and u.id = ${anyKey(uuid)}`,
    'id',
  ),
);

const conversationsOfUsers = bounded(
  manyBy(
    statement(rows({ contactId: assured(uuid), conversationId: uuid }))`
      select m.contact_id as "contactId", m.conversation_id as "conversationId" from (
        select m.contact_id, m.conversation_id from conversation_member m
        where ${visibleMembership('m')} and m.contact_id = ${anyKey(uuid)} limit ${maxRows + 1}) m
      order by m.contact_id, m.conversation_id desc`,
    'contactId',
  ),
  'conversation ids: use conversations',
);

/**
 * The ids of the conversations that users are contacts in and that the viewer sees, the newest first. Throws
 * RESULT_TOO_LARGE.
 */
export const conversationIdsByUser: Loader<string, string[]> = {
  async load(database, ids) {
    const lists = await conversationsOfUsers.load(database, ids);
    return lists.map((list) => list.map(({ conversationId }) => conversationId));
  },
};

/** A user that was searched for, with the ids of its conversations that the viewer sees, the newest first. */
export type ExternalUserSearchResult = { user: ExternalUser; conversationIds: string[] };

// The search reads at most so many conversation ids with the user. More are left to their loader.
const maxBatchSize = 50;

const searchBy = (key: IdentifierKey) =>
  batchedRead(rows({ conversationIds: list(uuid) }, row))`
    select ${row}, array(
      select m.conversation_id from conversation_member m where ${visibleMembership('m')} and m.contact_id = u.id
      order by m.conversation_id desc limit ${maxBatchSize + 1}) as "conversationIds"
    from ${userByIdentifier(key, parameter('value', text))} u`;

const search = Object.fromEntries(identifierKeys.map((key) => [key, searchBy(key)])) as Record<
  IdentifierKey,
  ReturnType<typeof searchBy>
>;

/**
 * Returns the external user with that identifier, or null. Throws RESULT_TOO_LARGE when it is in more than 10,000
 * conversations.
 */
export async function searchExternalUser(
  db: TenantDatabase,
  { key, value }: Identifier,
): Promise<ExternalUserSearchResult | null> {
  const [user] = await db.query(search[key], { value });
  if (!user) return null;
  if (user.conversationIds.length <= maxBatchSize) return { user, conversationIds: user.conversationIds };
  const [conversationIds = []] = await conversationIdsByUser.load(db, [user.id]);
  return { user, conversationIds };
}
