import type { GraphiQLOptions } from 'graphql-yoga';
import { passHeader } from './page-pass.ts';

const tabs = [
  `# The contact list of an agent: who can be reached, and how.
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
  `# Makes a person a contact of an agent. Sent a second time, it says created: false.
mutation Bind($participantId: ID!, $agentId: ID!) {
  bindParticipant(input: { participantId: $participantId, agentId: $agentId }) {
    created
    binding { id agent { name } participant { displayName agentIds } }
  }
}
`,
  `# Avatars as they arrive. Start this, and run the next tab in a second
# browser window: GraphiQL ends a subscription when you change the tab.
subscription Avatars {
  participantAvatarSynced {
    outcome
    occurredAt
    participant { id displayName avatarUrl(size: 64) }
    error { code detail }
  }
}
`,
  `# Takes the avatar of a person from one of their channels. The demo's own
# provider draws one, so no workspace is needed.
mutation SyncAvatar($input: SyncParticipantAvatarFromChannelInput!) {
  syncParticipantAvatarFromChannel(input: $input) {
    participant { id displayName avatarSource avatarUrl(size: 128) }
  }
}
`,
];

/** The ids that the tabs' variables name. */
export type GraphiqlExamples = {
  participantId: string;
  agentId: string;
  syncedParticipantId: string;
  integrationConfigId: string;
  address: string;
};

/**
 * The options of GraphiQL: a tab for each example, and signed in where a token is given. With a pass it runs any
 * document where others run trusted ones only.
 */
export function graphiqlOptions(
  token: string | null,
  examples: GraphiqlExamples,
  pass?: string,
): GraphiQLOptions & { query: string } {
  const headers = token ? JSON.stringify({ Authorization: `Bearer ${token}` }, null, 2) : undefined;
  const { participantId, agentId, syncedParticipantId, integrationConfigId, address } = examples;
  const variables = new Map<string, unknown>([
    ['mutation Bind', { participantId, agentId }],
    ['mutation SyncAvatar', { input: { participantId: syncedParticipantId, integrationConfigId, address } }],
  ]);
  return {
    title: 'Rollcall',
    // Without a query, a second visit opens an empty tab.
    query: tabs[0] as string,
    defaultTabs: tabs.map((query) => {
      const given = [...variables].find(([operation]) => query.includes(operation))?.[1];
      return {
        query,
        ...(headers && { headers }),
        ...(given !== undefined && { variables: JSON.stringify(given, null, 2) }),
      };
    }),
    ...(headers && { headers, defaultHeaders: headers }),
    // Each result of the page says what it cost.
    additionalHeaders: { 'x-cost': '1', ...(pass !== undefined && { [passHeader]: pass }) },
    // A token ends after a day. A stored one would take precedence over the page's own.
    shouldPersistHeaders: false,
    // The documentation pane begins with the schema's description.
    schemaDescription: true,
    defaultEditorToolsVisibility: 'variables',
  };
}

// GraphiQL leaves the offset of an animation on each tab. It takes effect when the tab gets the focus, so that a click
// that began on the tab ends beside it.
const tabsStayInPlace = '<style>.graphiql-tab { transform: none !important }</style>';

/** GraphiQL's page. It is two megabytes of HTML, so its code is loaded when a browser first asks for it. */
export async function renderPage(options?: GraphiQLOptions): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  return renderGraphiQL(options).replace('</head>', `${tabsStayInPlace}</head>`);
}
