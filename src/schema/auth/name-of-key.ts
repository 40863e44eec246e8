import { keyById } from '../../auth/keys.ts';
import { may } from '../../auth/viewer.ts';
import type { GraphContext } from '../context.ts';

/**
 * What an access key is called, or the agent of an agent’s key. Null for any other actor, for a key that is gone, and
 * for a viewer without `admin`: keys are listed for administrators only.
 */
export async function nameOfKey(context: GraphContext, actorKind: string, id: string | null): Promise<string | null> {
  if (id === null || (actorKind !== 'ACCESS_KEY' && actorKind !== 'AGENT_KEY')) return null;
  if (!may(context.viewer, 'admin')) return null;
  const key = await context.load(keyById, id);
  return key?.name ?? key?.agentId ?? null;
}
