import { at } from '../json.ts';
import { type Contender, channelScalars, cursorsLike, graphql, participantScalars } from './contender.ts';

/** The service of this checkout. */
export const rollcall: Contender = {
  name: 'rollcall',
  title: 'Rollcall as shipped',
  program: null,
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
