import type { GraphQLSchema } from 'graphql';
import './directory/agents.ts';
import './directory/agent-changes.ts';
import './auth/auth.ts';
import './avatars/avatars.ts';
import './avatars/batches.ts';
import './avatars/failures.ts';
import './directory/bindings.ts';
import './directory/channel-mutations.ts';
import './directory/channels.ts';
import './conversations/changes.ts';
import './conversations/conversation-changes.ts';
import './conversations/conversation-mutations.ts';
import './conversations/conversations.ts';
import './conversations/mutations.ts';
import './conversations/memberships.ts';
import './conversations/of-participant.ts';
import './external-users/external-users.ts';
import './external-users/external-user-list.ts';
import './external-users/mutations.ts';
import './external-users/identifiers.ts';
import './duplicates/duplicates.ts';
import './merging/merges.ts';
import './scalars.ts';
import './history/history.ts';
import './identity/same-person.ts';
import './identity/node.ts';
import './identity/who-is.ts';
import './persons/persons.ts';
import './transfer/transfer.ts';
import './integrations/config-changes.ts';
import './integrations/config-mutations.ts';
import './integrations/integrations.ts';
import './integrations/webhooks.ts';
import './directory/participant-changes.ts';
import './integrations/oauth.ts';
import './directory/health.ts';
import './directory/participant-counts.ts';
import './directory/participant-mutations.ts';
import './directory/participants.ts';
import './directory/unknown-sender-decisions.ts';
import './directory/unknown-senders.ts';
import {
  conversationsByAgent,
  conversationsByParticipant,
  conversationsByUser,
  membersOfConversation,
} from '../conversations/edges.ts';
import { countMembers } from '../conversations/memberships.ts';
import { countAttributes } from '../conversations/queries.ts';
import { countBindings } from '../directory/bindings/bindings.ts';
import { countChannels } from '../directory/channels/channels.ts';
import { countMetadata } from '../external-users/queries.ts';
import { builder } from './builder.ts';
import { asSubgraph } from './federation/subgraph.ts';
import { namedOperations } from './named-operations.ts';
import { plainFields } from './plain-fields.ts';
import { type CountsBelow, countResults } from './result-size.ts';

const description = `Rollcall answers one question: who is on the other end?

It joins three things that belong to one tenant: the directory of participants and the channels they are reached on, the
conversations and who takes part in them, and the external users that agents talk to. Start with \`whoIs\`, which finds everything
that an e-mail address, a telephone number, a foreign key or a channel leads to, or with \`viewer\`, which says what your credential
may do.

Each description says which scope a field needs, what null means, and which errors to expect. Errors have a \`code\` in their
\`extensions\`. Lists that grow are connections of up to 100 rows a page. With the header \`x-cost: 1\` a result says in
\`extensions.cost\` what it was admitted by (\`requested\`), what its rows came to (\`actual\`), and what is allowed (\`limit\`).`;

const below: CountsBelow = {
  counts: {
    'Agent.conversations': { count: conversationsByAgent.pages.count, scope: 'conversations:read' },
    'Conversation.attributes': { count: countAttributes },
    'Conversation.participants': { count: countMembers },
    'Conversation.participantsConnection': { count: membersOfConversation.pages.count },
    'ExternalUser.conversations': { count: conversationsByUser.pages.count, scope: 'conversations:read' },
    'ExternalUser.metadata': { count: countMetadata, scope: 'users:read' },
    'Participant.agentIds': { count: countBindings },
    'Participant.agents': { count: countBindings },
    'Participant.bindings': { count: countBindings },
    'Participant.channels': { count: countChannels },
    'Participant.conversations': { count: conversationsByParticipant.pages.count, scope: 'conversations:read' },
    'Participant.health': { count: countChannels },
    'Participant.reachable': { count: countChannels },
    'Participant.unreachableReason': { count: countChannels },
    'ParticipantHealth.channels': { count: countChannels },
  },
  ids: {
    'Binding.participant': { Participant: 'participantId' },
    'ConversationParticipant.conversation': { Conversation: 'conversationId' },
    'ConversationParticipant.subject': { ExternalUser: 'contactId', Participant: 'userId' },
    'Participant.health': { ParticipantHealth: 'id' },
  },
};

/**
 * Builds the schema of everything that the imported modules have added to the builder. With `federation` it also has
 * the fields that a gateway asks for.
 */
export function buildSchema({ federation = false } = {}): GraphQLSchema {
  const built = builder.toSchema();
  built.description = description;
  const schema = federation ? asSubgraph(built) : built;
  return namedOperations(countResults(plainFields(schema), below));
}
