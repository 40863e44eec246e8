/** What came of doing one thing over and over. Times are in milliseconds. */
export type Turns = { count: number; failed: number; perSecond: number; p50: number; p99: number };

/**
 * Does something over so many connections, each one after the other, as long as there is more to do. `act` is given the
 * number of each time, and returns whether it went well.
 */
export async function inTurns(
  connections: number,
  isMore: (n: number) => boolean,
  act: (n: number) => Promise<boolean>,
): Promise<Turns> {
  const taken: number[] = [];
  let [next, failed] = [0, 0];
  const begun = performance.now();
  const turn = async () => {
    while (isMore(next)) {
      const n = next++;
      const since = performance.now();
      if (!(await act(n))) failed += 1;
      taken.push(performance.now() - since);
    }
  };
  await Promise.all(Array.from({ length: connections }, turn));
  const elapsed = performance.now() - begun;
  taken.sort((a, b) => a - b);
  const at = (share: number) => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))] ?? 0;
  return { count: taken.length, failed, perSecond: (taken.length * 1_000) / elapsed, p50: at(0.5), p99: at(0.99) };
}
