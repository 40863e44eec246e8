/** What a credential may do, as a JWT's `scope` claim spells it. */
export const scopes = [
  'participants:read',
  'participants:write',
  'conversations:read',
  'conversations:write',
  'users:read',
  'users:write',
  'integrations:write',
  'admin',
] as const;

export type Scope = (typeof scopes)[number];

export const isScope = (text: string): text is Scope => (scopes as readonly string[]).includes(text);

/** The most that an agent's secret key may do: its own agent's conversations, and external users. */
export const agentKeyScopes: readonly Scope[] = [
  'conversations:read',
  'conversations:write',
  'users:read',
  'users:write',
];
