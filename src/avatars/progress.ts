import { Repeater } from '@repeaterjs/repeater';

/** How often to check without an announcement: announcements get lost, and deleting a contact makes none. */
const betweenLooks = 3_000;

/**
 * Streams the state of a batch or a job now and after each change, until it is over or deleted. Changes that come
 * faster than they are read become one. All `steps` are equivalent.
 */
export function progressOf<State extends { finishedAt: Date | null }>(
  look: () => Promise<State | null>,
  steps: AsyncIterableIterator<unknown>,
): Repeater<State> {
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
        // Resumes when the consumer asks for the next state.
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
