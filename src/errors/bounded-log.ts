/** How many lines are written per second. Others are only counted. */
const maxPerSecond = 20;

/** Logs what clients without a credential can cause: one JSON line each, and a bounded number per second. */
export type BoundedLog = (fields: object, message: string) => void;

/**
 * Creates a bounded log that writes by a method of the log. The first line after omitted ones has their number in
 * `leftOut`. `now` is in milliseconds.
 */
export function createBoundedLog(write: BoundedLog, now: () => number = Date.now): BoundedLog {
  let second = 0;
  let written = 0;
  let leftOut = 0;
  return (fields, message) => {
    const current = Math.floor(now() / 1_000);
    if (current !== second) {
      second = current;
      written = 0;
    }
    if (written >= maxPerSecond) {
      leftOut += 1;
      return;
    }
    written += 1;
    write(leftOut > 0 ? { ...fields, leftOut } : fields, message);
    leftOut = 0;
  };
}
