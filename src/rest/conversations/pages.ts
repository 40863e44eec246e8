import { z } from 'zod';
import type { PageArguments } from '../../database/pages.ts';
import { Problem } from '../../errors/catalogue.ts';
import { flag, integer } from '../input.ts';

/** How the system's lists are asked for. */
export const pageQuery = {
  limit: integer(1, 100, 'How many results a page has: 10 unless given.').optional(),
  pageToken: z
    .string()
    .max(8_000)
    .optional()
    .meta({ description: 'The `nextPageToken` of the page before. It is opaque.' }),
  reverse: flag('Whether the list is wanted from its other end.').optional(),
};

export const Page = z.object(pageQuery);

type PageQuery = z.output<typeof Page>;

const defaultLimit = 10;

/** The page as the rules' lists take it. */
function pageArguments({ limit = defaultLimit, pageToken, reverse }: PageQuery): PageArguments {
  return reverse ? { last: limit, before: pageToken } : { first: limit, after: pageToken };
}

type Connection<Row> = {
  edges: readonly { node: Row }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
};

/** Reads a page; what is wrong with its token is said under the token's own name. */
export async function resultsOf<Row, Result>(
  query: PageQuery,
  read: (args: PageArguments) => Promise<Connection<Row>>,
  shape: (row: Row) => Result,
): Promise<{ results: Result[]; nextPageToken?: string }> {
  const { edges, pageInfo } = await read(pageArguments(query)).catch(refused);
  const results = edges.map(({ node }) => shape(node));
  if (query.reverse) results.reverse();
  const next = query.reverse
    ? pageInfo.hasPreviousPage && pageInfo.startCursor
    : pageInfo.hasNextPage && pageInfo.endCursor;
  return next ? { results, nextPageToken: next } : { results };
}

function refused(error: unknown): never {
  const about = error instanceof Problem && error.code === 'VALIDATION_FAILED' ? error.errors?.[0]?.path[0] : null;
  if (about !== 'after' && about !== 'before') throw error;
  const message = 'must be a token that this list gave';
  throw new Problem('VALIDATION_FAILED', `pageToken ${message}`, { errors: [{ path: ['pageToken'], message }] });
}

/** A page of results in the documents. */
export const results = (id: string, row: z.ZodType, description: string) =>
  z
    .object({
      results: z.array(row).meta({ description }),
      nextPageToken: z
        .string()
        .optional()
        .meta({ description: 'Where the next page begins; absent on the last page.' }),
    })
    .meta({ id, description: 'A page of a list.' });
