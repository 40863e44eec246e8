import { type ConversationFilter, pageOfConversations } from '../conversations/lists.ts';
import type { TenantDatabase } from '../database/database.ts';
import { largestPage, type PageArguments } from '../database/pages.ts';
import { type ParticipantFilter, pageOfParticipants, participantAlone } from '../directory/participants/queries.ts';
import { Problem } from '../errors/catalogue.ts';
import { type ExternalUserFilter, pageOfExternalUsers } from '../external-users/lists.ts';
import type { Kind } from './fields.ts';

/** What of a kind to export: the filter of its list. At most one of these. */
export type ExportFilter = {
  externalUsers?: ExternalUserFilter | null | undefined;
  participants?: ParticipantFilter | null | undefined;
  conversations?: ConversationFilter | null | undefined;
};

const fieldOf = {
  EXTERNAL_USERS: 'externalUsers',
  PARTICIPANTS: 'participants',
  CONVERSATIONS: 'conversations',
} as const;

type Ids = { edges: { node: { id: string } }[]; pageInfo: { hasNextPage: boolean; endCursor: string | null } };
type ReadPage = (args: PageArguments) => Promise<Ids>;

const id: ReadonlySet<string> = new Set(['id']);

/** Returns what reads a page of those that the filter of a list means. Null for a filter that means everybody. */
function listed(db: TenantDatabase, kind: Kind, filter: ExportFilter): ReadPage | null {
  const { externalUsers, participants, conversations } = filter;
  if (kind === 'EXTERNAL_USERS')
    return externalUsers ? (args) => pageOfExternalUsers(db, externalUsers, args, { own: id }) : null;
  if (kind === 'PARTICIPANTS')
    return participants ? (args) => pageOfParticipants(db, participants, args, { ...participantAlone, own: id }) : null;
  return conversations ? (args) => pageOfConversations(db, conversations, args, { own: id, members: null }) : null;
}

/**
 * Returns the filter as a job keeps it. Null where everything is meant. Throws VALIDATION_FAILED for the filter of
 * another kind, and for one that the list refuses.
 */
export async function keptFilter(
  db: TenantDatabase,
  kind: Kind,
  filter: ExportFilter | null | undefined,
): Promise<object | null> {
  if (!filter) return null;
  for (const [field, value] of Object.entries(filter)) {
    if (value == null || field === fieldOf[kind]) continue;
    const message = `is no filter of ${kind}`;
    throw new Problem('VALIDATION_FAILED', `The filter ${field} ${message}.`, {
      errors: [{ path: ['input', 'filter', field], message }],
    });
  }
  const read = listed(db, kind, filter);
  if (!read) return null;
  try {
    await read({ first: 1 });
  } catch (error) {
    throw error instanceof Problem ? ofInput(error, fieldOf[kind]) : error;
  }
  return filter[fieldOf[kind]] ?? null;
}

/** The problem of a list’s filter, by where the filter stands in the input of an export. */
function ofInput(problem: Problem, field: string): Problem {
  if (!problem.errors) return problem;
  const errors = problem.errors.map(({ path, message }) => ({
    path: ['input', 'filter', field, ...path.slice(1)],
    message,
  }));
  return new Problem(problem.code, problem.message, { errors });
}

const timestamps = /(After|Before)$/;
const revived = (stored: object) =>
  Object.fromEntries(
    Object.entries(stored).map(([field, value]) => [
      field,
      timestamps.test(field) && typeof value === 'string' ? new Date(value) : value,
    ]),
  );

/** The ids of those that a kept filter means, in the order of their list and page by page. */
export async function* idsOf(db: TenantDatabase, kind: Kind, stored: object): AsyncGenerator<string[]> {
  const read = listed(db, kind, { [fieldOf[kind]]: revived(stored) });
  for (let after: string | null = null; read; ) {
    const page: Ids = await read({ first: largestPage, after });
    yield page.edges.map(({ node }) => node.id);
    after = page.pageInfo.endCursor;
    if (!page.pageInfo.hasNextPage) return;
  }
}
