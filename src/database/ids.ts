import { randomFillSync } from 'node:crypto';
import { v7, validate } from 'uuid';
import { sql } from './sql/fragment.ts';

// Random bytes are had for many ids at once: to ask the system for sixteen takes several times as long as to make the id.
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

/** A new id: a version 7 UUID, so that ids made later sort later, here also those of one millisecond. */
export function newId(): string {
  const random = randomBytes();
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // Half of what the sequence may be, so that it can count up for long.
    seq = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1;
  } else {
    seq = (seq + 1) >>> 0;
    if (seq === 0) msecs++;
  }
  return v7({ random, msecs, seq });
}

/** The id in PostgreSQL's spelling (lower case), or null when it is no UUID and so can name nothing. */
export const asUuid = (id: string): string | null => (validate(id) ? id.toLowerCase() : null);

/** SQL for a new id, where one statement makes many rows. */
export const newIdSql = sql`encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) placing
  substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6), 52, 1), 53, 1), 'hex')::uuid`;
