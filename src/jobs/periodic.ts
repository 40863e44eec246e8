/**
 * Runs the work periodically. The first run comes after a random part of the interval, so replicas that start at once
 * do not run it at once. Returns a function that stops it and waits for the work. The work should ask `stopped` now and
 * then, and end early.
 */
export function periodically(
  interval: number,
  work: (stopped: () => boolean) => Promise<unknown>,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let current: Promise<unknown> = Promise.resolve();
  const plan = (wait: number) => {
    timer = setTimeout(() => {
      current = work(() => stopped)
        .catch(failed)
        .finally(() => stopped || plan(interval * (0.75 + Math.random() / 2)));
    }, wait).unref();
  };
  plan(interval * Math.random());
  return async () => {
    stopped = true;
    clearTimeout(timer);
    await current;
  };
}
