import { Repeater } from '@repeaterjs/repeater';
import type { TenantDatabase } from '../../database/database.ts';
import type { UnknownSender } from '../../database/generated/client.ts';
import type { EventBus } from '../../events/events.ts';
import { unknownSenderById } from './queries.ts';

/** How many senders wait at most for a client that is slow to take them. The first are forgotten. */
const maxWaiting = 10_000;
/** How many are read by one statement. */
const readAtOnce = 100;
/** The least time between two reads. */
const pauseMs = 250;

/**
 * The unknown senders that change from now on, as they are then: of one agent, or, for null, of the tenant. However
 * often a sender changes, it comes once in 250 ms. `beforeRead` is called before rows are read.
 */
export function senderChanges(db: TenantDatabase, events: EventBus, agentId: string | null, beforeRead: () => void) {
  return new Repeater<UnknownSender>(async (push, stop) => {
    const waiting = new Set<string>();
    let stopped = false;
    let wake = () => {};
    const end = events.hear(db.tenantId, 'unknownSendersChanged', ({ senderIds }) => {
      for (const id of senderIds) waiting.add(id);
      for (const id of waiting) {
        if (waiting.size <= maxWaiting) break;
        waiting.delete(id);
      }
      wake();
    });
    const ended = stop.then(() => {
      stopped = true;
      end();
      wake();
    });
    while (!stopped) {
      if (waiting.size === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      const ids = [...waiting].slice(0, readAtOnce);
      for (const id of ids) waiting.delete(id);
      beforeRead();
      for (const sender of await unknownSenderById.load(db, ids))
        if (!stopped && sender && (agentId === null || sender.agentId === agentId)) await push(sender);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, stopped ? 0 : pauseMs);
        stop.then(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    await ended;
  });
}
