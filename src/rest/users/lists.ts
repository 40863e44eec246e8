import { z } from 'zod';
import { numberedPageOfUsers } from '../../external-users/numbered-pages.ts';
import { integer } from '../input.ts';
import { type Call, type Operation, operation } from '../operation.ts';
import { User, userOf } from './shapes.ts';

const defaultSize = 20;

const Paging = z.object({
  page: integer(1, 1_000_000, 'The page, counted from 1; the first unless given.').optional(),
  pageSize: integer(1, 100, `How many users a page has: ${defaultSize} unless given.`).optional(),
  orderBy: z.enum(['createdAt'], 'must be createdAt').optional().meta({
    description: 'The only order there is: that of creation.',
  }),
  orderDirection: z
    .enum(['ASC', 'DESC'], 'must be ASC or DESC')
    .optional()
    .meta({ description: '`ASC` begins with the oldest, `DESC` with the newest, as when it is not given.' }),
});

const Page = z
  .object({
    currentPage: z.int().meta({ description: 'The page, counted from 1.' }),
    pageSize: z.int().meta({ description: 'How many users a page has at most.' }),
    totalItems: z.int().meta({ description: 'How many users there are.' }),
    totalPages: z.int().meta({ description: 'How many pages that makes.' }),
    hasNextPage: z.boolean().meta({ description: 'Whether a page follows.' }),
    hasPreviousPage: z.boolean().meta({ description: 'Whether a page comes before.' }),
    data: z.array(User).meta({ description: 'The users of the page; none behind the last one.' }),
  })
  .meta({ id: 'UserPage', description: 'A page of users.' });

async function listed(
  { db, query }: Pick<Call, 'db'> & { query: z.output<typeof Paging> },
  agentId: string | null,
): Promise<{ status: 200; body: z.output<typeof Page> }> {
  const { page = 1, pageSize = defaultSize, orderDirection } = query;
  const newestFirst = orderDirection !== 'ASC';
  const { users, total } = await numberedPageOfUsers(db, { page, pageSize, newestFirst, agentId });
  const totalPages = Math.ceil(total / pageSize);
  return {
    status: 200,
    body: {
      currentPage: page,
      pageSize,
      totalItems: total,
      totalPages,
      hasNextPage: page < totalPages,
      hasPreviousPage: page > 1,
      data: users.map(userOf),
    },
  };
}

const row = {
  method: 'GET',
  tag: 'Users',
  scope: 'users:read',
  query: Paging,
  answers: { 200: ['A page.', Page] },
} as const;

/** The lists of users, with that system's page numbers. */
export const lists: readonly Operation[] = [
  operation({
    ...row,
    id: 'listUsers',
    path: '/external/agents/users',
    summary: 'List the users of the agent',
    description: 'Under an agent’s secret key those of its conversations, under other credentials all of the tenant’s.',
    errors: [],
    run: (call) => listed(call, null),
  }),
  operation({
    ...row,
    id: 'listUsersOfAgent',
    path: '/external/agents/{agentId}/users',
    summary: 'List the users of an agent',
    description: 'Those who take part in the agent’s conversations. Under another agent’s key it is a 404.',
    errors: ['AGENT_NOT_FOUND'],
    run: ({ path: { agentId }, ...call }) => listed(call, agentId),
  }),
];
