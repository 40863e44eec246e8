import { Repeater } from '@repeaterjs/repeater';
import type { AvatarBatch } from './batches.ts';

/**
 * How often to look though nothing was announced, in milliseconds: announcements get lost, and the deletion of a
 * contact makes none.
 */
const betweenLooks = 3_000;

/**
 * A batch's state now, and then each time it is another, until the batch is over or gone. Steps that come faster than
 * they are read become one. `steps` are announcements, each of which is as good as the next.
 */
export function progressOf(
  look: () => Promise<AvatarBatch | null>,
  steps: AsyncIterableIterator<unknown>,
): Repeater<AvatarBatch> {
  return new Repeater(async (push, stop) => {
    let stopped = false;
    let heard = () => {};
    let dirty = false;
    void stop.then(() => {
      stopped = true;
      heard();
      void steps.return?.();
    });
    void (async () => {
      for await (const _ of steps) {
        dirty = true;
        heard();
      }
    })();
    let before = '';
    try {
      while (!stopped) {
        dirty = false;
        const batch = await look();
        if (!batch) break;
        const state = JSON.stringify(batch);
        // Waits until the consumer has taken it and asks for the next.
        if (state !== before) await push(batch);
        before = state;
        if (batch.finishedAt) break;
        if (!dirty && !stopped) {
          let timer: NodeJS.Timeout | undefined;
          await new Promise<void>((resolve) => {
            heard = resolve;
            timer = setTimeout(resolve, betweenLooks);
          });
          clearTimeout(timer);
        }
      }
    } finally {
      stop();
    }
  });
}
