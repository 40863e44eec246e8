import { visibleMembership } from '../auth/visible-conversations.ts';
import type { TenantDatabase } from '../database/database.ts';
import type { ExternalUser, IdentifierKey } from '../database/generated/client.ts';
import { bounded, type Loader, manyBy, mostRows, oneByUuid } from '../database/loaders.ts';
import { columns, fieldsBut, tenantStatement } from '../database/statement.ts';
import { queryAsViewer, type ViewerStatement, viewerBatchedRead, viewerStatement } from '../database/viewers.ts';
import { hasIdentifier, type Identifier, identifierKeys } from './identifiers.ts';

const row = columns('ExternalUser', 'u');

/** What lists of external users read of them: all but the metadata, of which each can have 16 KB. */
export const listedUser = fieldsBut('ExternalUser', 'metadata');

const metadataOfUsers = oneByUuid(
  tenantStatement<Pick<ExternalUser, 'id' | 'metadata'>>(
    'select u.id, u.metadata from external_user u where u.tenant_id = $1 and u.id = any($2::uuid[])',
  ),
  'id',
);

/** The metadata of users who were read without it: of a few hundred in one statement, so that not all is read of what is too much. */
export const metadataByUser: Loader<string, ExternalUser['metadata']> = {
  most: 200,
  load: async (database, ids) => (await metadataOfUsers.load(database, ids)).map((user) => user?.metadata ?? null),
};

/** External users by their ids. */
export const externalUserById = oneByUuid(
  tenantStatement<ExternalUser>(`select ${row} from external_user u where u.tenant_id = $1 and u.id = any($2::uuid[])`),
  'id',
);

const conversationsOfUsers = bounded(
  manyBy(
    viewerStatement<{ contactId: string; conversationId: string }>(
      '$3',
      (agent) => `select m.contact_id as "contactId", m.conversation_id as "conversationId" from (
         select m.contact_id, m.conversation_id from conversation_member m
         where ${visibleMembership('m', agent)} and m.contact_id = any($2::uuid[]) limit ${mostRows + 1}) m
       order by m.contact_id, m.conversation_id desc`,
    ),
    'contactId',
  ),
  'conversation ids: use conversations',
);

/** The ids of the conversations that users are contacts in and that the viewer sees, the newest first. Throws RESULT_TOO_LARGE. */
export const conversationIdsByUser: Loader<string, string[]> = {
  async load(database, ids) {
    const lists = await conversationsOfUsers.load(database, ids);
    return lists.map((list) => list.map(({ conversationId }) => conversationId));
  },
};

/** A user that was searched for, and the ids of its conversations that the viewer sees, the newest first. */
export type ExternalUserSearchResult = { user: ExternalUser; conversationIds: string[] };

type Found = ExternalUser & { conversationIds: string[] };

// Together with a user, the ids of so many conversations are read at the most; those of a user who has more are read by their loader.
const mostTogether = 50;

const search = Object.fromEntries(
  identifierKeys.map((key) => [
    key,
    viewerBatchedRead(
      viewerStatement<Found>(
        '$3',
        (agent) => `select ${row}, array(
           select m.conversation_id from conversation_member m
           where ${visibleMembership('m', agent)} and m.contact_id = u.id
           order by m.conversation_id desc limit ${mostTogether + 1}) as "conversationIds"
         from external_user u where u.tenant_id = $1 and ${hasIdentifier(key, 'u', '$2')}`,
      ),
    ),
  ]),
) as Record<IdentifierKey, ViewerStatement<Found>>;

/** The external user with that identifier, or null. Throws RESULT_TOO_LARGE when it takes part in more than 10,000 conversations. */
export async function searchExternalUser(
  db: TenantDatabase,
  { key, value }: Identifier,
): Promise<ExternalUserSearchResult | null> {
  const [user] = await queryAsViewer(db, search[key], value);
  if (!user) return null;
  if (user.conversationIds.length <= mostTogether) return { user, conversationIds: user.conversationIds };
  const [conversationIds = []] = await conversationIdsByUser.load(db, [user.id]);
  return { user, conversationIds };
}
