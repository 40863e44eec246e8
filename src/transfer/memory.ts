import { setFlagsFromString } from 'node:v8';

// V8 lets the heap grow to about three times what is alive before it looks through all of it. The rows of a batch live
// for as long as the database takes to write them, so they pass for old, and nothing else collects them.
const growing = 40;
const asBefore = 0;

let running = 0;

/** Runs work that goes through many rows, with a heap that is collected whenever it has grown by 40 percent. */
export async function inLittleMemory<Result>(work: () => Promise<Result>): Promise<Result> {
  running += 1;
  if (running === 1) setFlagsFromString(`--heap-growing-percent=${growing}`);
  try {
    return await work();
  } finally {
    running -= 1;
    if (running === 0) setFlagsFromString(`--heap-growing-percent=${asBefore}`);
  }
}
