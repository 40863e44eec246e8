/** The tenant with made-up data that a start without configuration offers. Its id is the same everywhere. */
export const demoTenant = { id: '01900000-0000-7000-8000-000000000001', name: 'Demo' } as const;

/** What examples point at in the demo tenant. */
export const examples = {
  /** A person whom the onboarding agent does not have as a contact at first. */
  participantId: '01900000-0000-7000-8000-000000001001',
  agentId: 'onboarding-bot',
  /** A person with a channel whose avatar can be synced without any workspace. */
  syncedParticipantId: '01900000-0000-7000-8000-000000001002',
  integrationConfigId: '01900000-0000-7000-8000-000000002001',
  address: 'alan',
} as const;

/** The provider of that channel. It exists on a service with the demo tenant only. */
export const demoProvider = 'demo';

/** The token of the demo tenant's Slack workspace, which only a stand-in accepts. */
export const demoSlackToken = 'xoxb-demo';
