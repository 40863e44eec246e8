import { at, items, type Json } from '../json.ts';
import { type Contender, channelScalars, cursorsLike, graphql, participantScalars, withSubjects } from './contender.ts';

/** PostGraphile, with functions for what its schema cannot say. */
export const postgraphile: Contender = {
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
