/**
 * Does the work now and then: first after a part of the interval, in milliseconds, so that replicas that start together don't do it
 * together. Returns how to stop, which waits for the work; that is to ask now and then whether it is stopped, and to leave the rest.
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
