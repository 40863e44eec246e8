import { filter, pipe } from 'graphql-yoga';
import type { EventName, Events } from '../events/events.ts';
import type { GraphContext } from './context.ts';

/** The field of an event that says when it happened. */
export const occurredAt = {
  type: 'DateTime',
  description: 'When it happened.',
  resolve: (event: { occurredAt: string }) => new Date(event.occurredAt),
} as const;

/** The tenant's events of that name that match, from now on. What an event leads to is read anew. */
export function heard<Name extends EventName>(
  { services, db, forget }: GraphContext,
  name: Name,
  matches?: (event: Events[Name]) => boolean,
) {
  return pipe(
    services.events.listen(db.tenantId, name, matches),
    filter(() => {
      forget();
      return true;
    }),
  );
}
