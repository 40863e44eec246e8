/** The tenant with demo data that a start without configuration creates. Its id is the same everywhere. */
export const demoTenant = { id: '01900000-0000-7000-8000-000000000001', name: 'Demo' } as const;

/** Names in the demo tenant that examples use. */
export const examples = {
  /** A person who is no contact of the onboarding agent at first. */
  participantId: '01900000-0000-7000-8000-000000001001',
  agentId: 'onboarding-bot',
  /** A person with a channel whose avatar can be synced without a workspace. */
  syncedParticipantId: '01900000-0000-7000-8000-000000001002',
  integrationConfigId: '01900000-0000-7000-8000-000000002001',
  address: 'alan',
} as const;

/** The provider of that channel. It exists only on a service with the demo tenant. */
export const demoProvider = 'demo';

/** The token of the demo tenant's Slack workspace. Only the stand-in accepts it. */
export const demoSlackToken = 'xoxb-demo';
