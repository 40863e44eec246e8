import type { GraphiQLOptions } from 'graphql-yoga';

const tabs = [
  `# The contact list of an agent: whom it can reach, and how.
query ContactList {
  participants(agentId: "support-bot") {
    id
    displayName
    kind
    email
    avatarUrl(size: 64)
    channels { provider address label }
    health { reachable reason }
  }
}
`,
  `# Who cannot be reached, and why? The filter takes a reason, too.
query Unreachable {
  participantsConnection(first: 20, filter: { agentId: "support-bot", reachable: false }) {
    totalCount
    nodes {
      id
      displayName
      health { reason channels { address reason keyStatus lastMessageAt channel { provider } } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# The inbox: who takes part in the newest conversations.
query Inbox {
  conversationsConnection(first: 20, filter: { status: OPEN }) {
    totalCount
    nodes {
      id
      name
      participants {
        type
        status
        displayName
        subject {
          __typename
          ... on Participant { channels { provider address } }
          ... on ExternalUser { email phoneNumber }
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`,
  `# Who is on the other end?
query WhoIs {
  whoIs(by: { email: "ada.lovelace@example.com" }) {
    participants { id displayName kind agents { name } }
    externalUsers { id displayName phoneNumber }
    conversationParticipants { status conversation { id name } }
  }
}
`,
  `# Makes somebody a contact of an agent. Sent twice, it says created: false.
mutation Bind($participantId: ID!) {
  bindParticipant(input: { participantId: $participantId, agentId: "support-bot" }) {
    created
    binding { id agent { name } participant { displayName agentIds } }
  }
}
`,
  `# Avatars as they arrive. Leave this running, and sync an avatar in another tab.
subscription Avatars {
  participantAvatarSynced {
    outcome
    occurredAt
    participant { id displayName avatarUrl(size: 64) }
    error { code detail }
  }
}
`,
];

/** How GraphiQL opens: signed in with the token, if there is one, with a tab for each thing worth trying first. */
export function graphiqlOptions(
  token: string | null,
  exampleParticipantId: string,
): GraphiQLOptions & { query: string } {
  const headers = token ? JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2) : undefined;
  return {
    title: 'Rollcall',
    // Without, a second visit opens an empty tab.
    query: tabs[0] as string,
    defaultTabs: tabs.map((query) => ({
      query,
      ...(headers && { headers }),
      ...(query.includes('$participantId') && {
        variables: JSON.stringify({ participantId: exampleParticipantId }, null, 2),
      }),
    })),
    ...(headers && { headers, defaultHeaders: headers }),
    // A token ends after a day: one that was kept would go before the page's own.
    shouldPersistHeaders: false,
    defaultEditorToolsVisibility: 'variables',
  };
}
