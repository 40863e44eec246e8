import { randomFillSync } from 'node:crypto';
import { v7, validate } from 'uuid';

// Take random bytes for many ids at once: asking the system for sixteen takes several times as long as making the id.
const idSize = 16;
const store = new Uint8Array(256 * idSize);
let taken = store.length;

function randomBytes(): Uint8Array {
  if (taken === store.length) {
    randomFillSync(store);
    taken = 0;
  }
  taken += idSize;
  return store.subarray(taken - idSize, taken);
}

let msecs = 0;
let seq = 0;

/**
 * Returns a new id: a version 7 UUID. Later ids sort later, also within one millisecond. Statements and triggers that
 * make rows take `new_id()` of the database. Only the trigger of the history has an expression of its own, which keeps
 * the order of entries within a transaction.
 */
export function newId(): string {
  const random = randomBytes();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // Half of the sequence's range, so that it can count up for long.
    seq = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1;
  } else {
    seq = (seq + 1) >>> 0;
    if (seq === 0) msecs++;
  }
  return v7({ random, msecs, seq });
}

/** Sorts before every id: where a read that continues after the last id begins. */
export const lowestId = '00000000-0000-0000-0000-000000000000';

/** Returns the id in PostgreSQL's spelling (lower case). Null when it is not a UUID and so names nothing. */
export const asUuid = (id: string): string | null => (validate(id) ? id.toLowerCase() : null);
