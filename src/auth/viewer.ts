import type { Actor } from '../database/actor.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Scope } from './scopes.ts';

/** What a credential stands for: exactly one tenant, and what may be done in it. */
export type Viewer = {
  readonly kind: 'USER' | 'ACCESS_KEY' | 'AGENT_KEY';
  readonly tenantId: string;
  /** The token's subject, or the key's id. */
  readonly id: string;
  /** The only agent that an agent's secret key may see. Null for every other credential. */
  readonly agentId: string | null;
  readonly scopes: ReadonlySet<Scope>;
  /** When the credential expires. Null for keys that end only when they are revoked. */
  readonly expiresAt: Date | null;
};

/** Returns whether the viewer has the scope. `admin` includes every scope. */
export const may = (viewer: Viewer, scope: Scope): boolean => viewer.scopes.has(scope) || viewer.scopes.has('admin');

/** The viewer as the history of what a request changes has it. */
export const actorOf = ({ kind, id }: Viewer, requestId: string | null, operation: string | null = null): Actor => ({
  kind,
  id,
  name: null,
  requestId,
  operation,
});

/** Throws FORBIDDEN unless the viewer has the scope. */
export function demand(viewer: Viewer, scope: Scope): void {
  if (!may(viewer, scope)) throw new Problem('FORBIDDEN', `This needs the scope ${scope}.`);
}
