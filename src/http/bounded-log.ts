import type { Logger } from 'pino';

/** So many lines are written in a second; further ones are counted. */
const mostASecond = 20;

/** Logs what a stranger can cause: one line of JSON each, at debug, and never more than a few a second. */
export type BoundedLog = (fields: object, message: string) => void;

/** Makes one. The first line after others were left out says how many, as `leftOut`. `now` is in milliseconds. */
export function createBoundedLog(log: Pick<Logger, 'debug'>, now: () => number = Date.now): BoundedLog {
  let second = 0;
  let written = 0;
  let leftOut = 0;
  return (fields, message) => {
    const current = Math.floor(now() / 1_000);
    if (current !== second) {
      second = current;
      written = 0;
    }
    if (written >= mostASecond) {
      leftOut += 1;
      return;
    }
    written += 1;
    log.debug(leftOut > 0 ? { ...fields, leftOut } : fields, message);
    leftOut = 0;
  };
}
