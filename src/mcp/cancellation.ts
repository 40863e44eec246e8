import { createHash } from 'node:crypto';
import type { RequestId } from '@modelcontextprotocol/sdk/types.js';
import type { Viewer } from '../auth/viewer.ts';
import type { EventBus } from '../events/events.ts';

/** The calls that clients may cancel, on whichever replica they run. */
export interface Cancellation {
  /** Calls back when the client of that session cancels its request. Returns the function that ends this. */
  listen(viewer: Viewer, session: string, id: RequestId, cancel: () => void): () => void;
  /** Cancels a request of the session, if it runs anywhere. */
  cancel(viewer: Viewer, session: string, id: RequestId): void;
}

/**
 * A cancellation comes as a request of its own, perhaps to another replica, so it is announced. Ids of requests are
 * unique only within a session, and sessions belong to credentials: nobody can cancel what is another's.
 */
export function createCancellation(events: EventBus): Cancellation {
  const nameOf = (viewer: Viewer, session: string, id: RequestId) =>
    createHash('sha256')
      .update(JSON.stringify([viewer.kind, viewer.id, session, id]))
      .digest('base64url');
  return {
    listen(viewer, session, id, cancel) {
      const name = nameOf(viewer, session, id);
      return events.hear(viewer.tenantId, 'toolCallCancelled', ({ call }) => {
        if (call === name) cancel();
      });
    },
    cancel(viewer, session, id) {
      events.announce(viewer.tenantId, 'toolCallCancelled', { call: nameOf(viewer, session, id) });
    },
  };
}
