/** The tenant with made-up data that a start without configuration offers. Its id is the same everywhere. */
export const demoTenant = { id: '01900000-0000-7000-8000-000000000001', name: 'Demo' } as const;

/** A person of the demo tenant, for examples to point at. */
export const exampleParticipantId = '01900000-0000-7000-8000-000000001001';

/** The token of the demo tenant's Slack workspace, which only a stand-in accepts. */
export const demoSlackToken = 'xoxb-demo';
