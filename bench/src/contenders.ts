import { at, items, type Json } from './json.ts';
import type { Draw, OperationName } from './operations.ts';

export const contenderNames = ['pothosPrisma', 'postgraphile', 'previous', 'rest', 'rollcall', 'limit'] as const;
export type ContenderName = (typeof contenderNames)[number];

/** The body of a request, before it is JSON. */
type Body = object;

/** How a contender is asked, and what its answers mean. */
export type Dialect = {
  body(operation: OperationName, draw: Draw): Body;
  /** The path to GET, in the place of a body that is POSTed to `/graphql`. */
  path?(operation: OperationName, draw: Draw): string;
  /** The same value for every contender, made from the answer's `data`. */
  answer(operation: OperationName, data: Json): Json;
};

/** One way to serve the operations. */
export type Contender = {
  name: ContenderName;
  title: string;
  /** The program, from the folder of this file. */
  program: string;
  /** Whether the service's own settings and a bearer token go with it. */
  isService: boolean;
  /** The operations that it has; all unless said. */
  operations?: readonly OperationName[];
  /** Its dialect; `ask` runs a query for the draw's tenant, to learn what cursors look like. */
  dialect(ask: (query: string, draw: Draw) => Promise<Json>, example: Draw): Promise<Dialect>;
};

export const participantScalars = `kind displayName email relatedAgentId disabledAt avatarFileId avatarSource avatarSourceConfigId
  avatarSourceAddress avatarSyncedAt createdAt modifiedAt`;
export const channelScalars = 'integrationConfigId provider address priority label disabled';

/** Writes cursors like the one given, which stands for the example's conversation. */
function cursorsLike(cursor: string, conversationId: string, example: Draw): (draw: Draw) => string {
  const encoding = /[+/=]/.test(cursor) ? 'base64' : 'base64url';
  const text = Buffer.from(cursor, 'base64').toString('utf8');
  if (!text.includes(conversationId)) throw new Error(`A cursor does not name its row: ${text}`);
  return ({ tenantId, key }) =>
    Buffer.from(text.replace(conversationId, key).replace(example.tenantId, tenantId)).toString(encoding);
}

/** A dialect whose bodies are GraphQL requests. */
function graphql(
  documents: Record<OperationName, string>,
  variables: (operation: OperationName, draw: Draw) => object,
  answer: Dialect['answer'],
): Dialect {
  const oneLine = Object.fromEntries(
    Object.entries(documents).map(([name, text]) => [name, text.replaceAll(/\s+/g, ' ').trim()]),
  );
  return {
    body: (operation, draw) => ({ query: oneLine[operation], variables: variables(operation, draw) }),
    answer,
  };
}

const rollcall: Contender = {
  name: 'rollcall',
  title: 'Rollcall as shipped',
  program: '../../dist/main.js',
  isService: true,
  async dialect(ask, example) {
    const page = await ask('{ conversationsConnection(first: 1) { edges { cursor node { id } } } }', example);
    const edge = at(page, 'conversationsConnection', 'edges', 0);
    const cursor = cursorsLike(at(edge, 'cursor') as string, at(edge, 'node', 'id') as string, example);
    return graphql(
      {
        contactList: `query ContactList($agentId: ID!) {
          participants(agentId: $agentId) { id ${participantScalars} channels { id ${channelScalars} } agentIds }
        }`,
        inbox: `query Inbox($after: String!) {
          conversationsConnection(first: 20, after: $after) { nodes {
            id name closedAt createdAt
            participants { id participantId type status subject {
              ... on Participant { id displayName channels { id ${channelScalars} } }
              ... on ExternalUser { id firstName lastName email }
            } }
          } }
        }`,
        participant: 'query OneParticipant($id: ID!) { participant(id: $id) { id kind displayName email createdAt } }',
        externalUser: `query SearchUser($email: String!) {
          searchExternalUser(by: { email: $email }) { user { id firstName lastName email phoneNumber } conversationIds }
        }`,
        ensure: `mutation Ensure($input: EnsureConversationParticipantInput!) {
          ensureConversationParticipant(input: $input) { created participant { id participantId type status createdAt } }
        }`,
      },
      (operation, draw) =>
        ({
          contactList: () => ({ agentId: draw.key }),
          inbox: () => ({ after: cursor(draw) }),
          participant: () => ({ id: draw.key }),
          externalUser: () => ({ email: draw.key }),
          ensure: () => ({ input: { conversationId: draw.key, participant: { user: { id: draw.userId } } } }),
        })[operation](),
      (operation, data) =>
        ({
          contactList: () => at(data, 'participants'),
          inbox: () => at(data, 'conversationsConnection', 'nodes'),
          participant: () => at(data, 'participant'),
          externalUser: () => at(data, 'searchExternalUser'),
          ensure: () => at(data, 'ensureConversationParticipant'),
        })[operation](),
    );
  },
};

const postgraphile: Contender = {
  name: 'postgraphile',
  title: 'PostGraphile 5',
  program: 'servers/postgraphile.ts',
  isService: false,
  async dialect(ask, example) {
    const page = await ask(
      `{ allConversations(first: 1, condition: { tenantId: "${example.tenantId}" }, orderBy: [PRIMARY_KEY_DESC]) {
        edges { cursor node { rowId } } } }`,
      example,
    );
    const edge = at(page, 'allConversations', 'edges', 0);
    const cursor = cursorsLike(at(edge, 'cursor') as string, at(edge, 'node', 'rowId') as string, example);
    const channels = `channels: channelsByTenantIdAndParticipantIdList(orderBy: [PRIORITY_ASC, ROW_ID_ASC]) { id: rowId ${channelScalars} }`;
    return graphql(
      {
        contactList: `query ContactList($tenantId: UUID!, $agentId: String!) {
          participants: postgraphileContactsList(tenant: $tenantId, agent: $agentId) {
            id: rowId ${participantScalars} ${channels}
            agentIds: bindingsByTenantIdAndParticipantIdList(orderBy: [AGENT_ID_ASC]) { agentId }
          }
        }`,
        inbox: `query Inbox($tenantId: UUID!, $after: Cursor!) {
          allConversations(condition: { tenantId: $tenantId }, first: 20, after: $after, orderBy: [PRIMARY_KEY_DESC]) { nodes {
            id: rowId name closedAt createdAt
            participants: conversationMembersByTenantIdAndConversationIdList(orderBy: [PRIMARY_KEY_ASC]) {
              id: rowId participantId type status
              user: participantByTenantIdAndUserId { id: rowId displayName ${channels} }
              contact: externalUserByTenantIdAndContactId { id: rowId firstName lastName email }
            }
          } }
        }`,
        participant: `query OneParticipant($tenantId: UUID!, $id: UUID!) {
          participantByTenantIdAndRowId(tenantId: $tenantId, rowId: $id) { id: rowId kind displayName email createdAt }
        }`,
        externalUser: `query SearchUser($tenantId: UUID!, $email: String!) {
          postgraphileSearchExternalUser(tenant: $tenantId, email: $email) {
            id: rowId firstName lastName email phoneNumber
            memberships: conversationMembersByTenantIdAndContactIdList(orderBy: [CONVERSATION_ID_DESC]) { conversationId }
          }
        }`,
        ensure: `mutation Ensure($input: PostgraphileEnsureConversationParticipantInput!) {
          postgraphileEnsureConversationParticipant(input: $input) { result { created id: rowId participantId type status createdAt } }
        }`,
      },
      (operation, draw) => {
        const { tenantId, key, userId } = draw;
        return {
          contactList: () => ({ tenantId, agentId: key }),
          inbox: () => ({ tenantId, after: cursor(draw) }),
          participant: () => ({ tenantId, id: key }),
          externalUser: () => ({ tenantId, email: key }),
          ensure: () => ({ input: { tenant: tenantId, conversation: key, participant: userId } }),
        }[operation]();
      },
      (operation, data) =>
        ({
          contactList: () =>
            items(at(data, 'participants')).map(({ agentIds = [], ...rest }) => ({
              ...rest,
              agentIds: items(agentIds).map((binding) => at(binding, 'agentId')),
            })),
          inbox: () => withSubjects(at(data, 'allConversations', 'nodes')),
          participant: () => at(data, 'participantByTenantIdAndRowId'),
          externalUser: () => {
            const { memberships = [], ...user } = at(data, 'postgraphileSearchExternalUser') as {
              [name: string]: Json;
            };
            return { user, conversationIds: items(memberships).map((membership) => at(membership, 'conversationId')) };
          },
          ensure: () => {
            const { created = null, ...participant } = at(
              data,
              'postgraphileEnsureConversationParticipant',
              'result',
            ) as {
              [name: string]: Json;
            };
            return { created, participant };
          },
        })[operation](),
    );
  },
};

const pothosPrisma: Contender = {
  name: 'pothosPrisma',
  title: 'Yoga + Pothos + Prisma as documented',
  program: 'servers/pothos-prisma.ts',
  isService: false,
  async dialect() {
    return graphql(
      {
        contactList: `query ContactList($tenantId: ID!, $agentId: ID!) {
          participants(tenantId: $tenantId, agentId: $agentId) { id ${participantScalars} channels { id ${channelScalars} } agentIds }
        }`,
        inbox: `query Inbox($tenantId: ID!, $after: ID!) {
          conversations(tenantId: $tenantId, first: 20, after: $after) {
            id name closedAt createdAt
            participants { id participantId type status
              user { id displayName channels { id ${channelScalars} } }
              contact { id firstName lastName email }
            }
          }
        }`,
        participant: `query OneParticipant($tenantId: ID!, $id: ID!) {
          participant(tenantId: $tenantId, id: $id) { id kind displayName email createdAt }
        }`,
        externalUser: `query SearchUser($tenantId: ID!, $email: String!) {
          externalUser(tenantId: $tenantId, email: $email) { id firstName lastName email phoneNumber conversationIds }
        }`,
        ensure: `mutation Ensure($tenantId: ID!, $conversationId: ID!, $userId: ID!) {
          ensureConversationParticipant(tenantId: $tenantId, conversationId: $conversationId, userId: $userId) {
            created participant { id participantId type status createdAt }
          }
        }`,
      },
      (operation, { tenantId, key, userId }) =>
        ({
          contactList: () => ({ tenantId, agentId: key }),
          inbox: () => ({ tenantId, after: key }),
          participant: () => ({ tenantId, id: key }),
          externalUser: () => ({ tenantId, email: key }),
          ensure: () => ({ tenantId, conversationId: key, userId }),
        })[operation](),
      (operation, data) =>
        ({
          contactList: () => at(data, 'participants'),
          inbox: () => withSubjects(at(data, 'conversations')),
          participant: () => at(data, 'participant'),
          externalUser: () => {
            const { conversationIds = [], ...user } = at(data, 'externalUser') as { [name: string]: Json };
            return { user, conversationIds };
          },
          ensure: () => at(data, 'ensureConversationParticipant'),
        })[operation](),
    );
  },
};

/** Conversations whose participants have a subject in the place of a user or a contact. */
const withSubjects = (conversations: Json): Json =>
  items(conversations).map(({ participants = [], ...conversation }) => ({
    ...conversation,
    participants: items(participants).map(({ user = null, contact = null, ...rest }) => ({
      ...rest,
      subject: user ?? contact,
    })),
  }));

const limit: Contender = {
  name: 'limit',
  title: 'limit: node:http, one prepared statement',
  program: 'servers/limit.ts',
  isService: false,
  dialect: async () => ({
    body: (operation, { tenantId, key, userId }) => ({ operation, variables: { tenantId, key, userId } }),
    answer: (_, data) => data,
  }),
};

/** Another checkout of the service, which --previous names: its program lies in that folder. */
const previous: Contender = {
  ...rollcall,
  name: 'previous',
  title: 'Rollcall, the previous build',
  program: 'dist/main.js',
};

/** The service's REST faces, with the two operations in which they say at least what the graph is asked for. */
const rest: Contender = {
  ...rollcall,
  name: 'rest',
  title: 'Rollcall by REST',
  operations: ['participant', 'externalUser'],
  dialect: async () => ({
    body: () => ({}),
    path: (operation, { tenantId, key }) =>
      operation === 'participant'
        ? `/v1/tenants/${tenantId}/participants/${key}`
        : `/external/users/search?email=${encodeURIComponent(key)}`,
    answer(operation, data) {
      if (operation === 'participant') {
        const createdAt = new Date(at(data, 'createdAt') as number).toISOString();
        return { ...some(data, 'id', 'kind', 'displayName', 'email'), createdAt };
      }
      const user = some(at(data, 'user'), 'id', 'firstName', 'lastName', 'email', 'phoneNumber');
      return { user, conversationIds: at(data, 'conversationIds') };
    },
  }),
};

/** These members of an object; null for those that it lacks, as the users face has it. */
const some = (value: Json, ...names: string[]): { [name: string]: Json } =>
  Object.fromEntries(names.map((name) => [name, (value as { [name: string]: Json })[name] ?? null]));

const all = { pothosPrisma, postgraphile, previous, rest, rollcall, limit };

export const contenderNamed = (name: ContenderName): Contender => all[name];

/** Those of the contenders that have the operation. */
export const whoHave = (operation: OperationName, contenders: readonly ContenderName[]): ContenderName[] =>
  contenders.filter((name) => contenderNamed(name).operations?.includes(operation) ?? true);

/** The one whose throughput is 1. */
export const baseline: ContenderName = 'postgraphile';
