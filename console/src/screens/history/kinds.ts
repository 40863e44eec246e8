import type { ActorKind } from '../../graph/generated/graphql.ts';

/** Kinds of actors as an address has them, in words, and what the graph is asked for. */
export const actorKinds: Readonly<Record<string, { words: string; kinds: readonly ActorKind[] }>> = {
  callers: { words: 'All but the service itself', kinds: ['USER', 'ACCESS_KEY', 'AGENT_KEY'] },
  users: { words: 'Users who signed in', kinds: ['USER'] },
  keys: { words: 'Access keys', kinds: ['ACCESS_KEY'] },
  agents: { words: 'Agents’ keys', kinds: ['AGENT_KEY'] },
  service: { words: 'The service itself', kinds: ['SYSTEM'] },
};
