/** A text of about this length is made at once; the event loop serves others before the next. */
const pieceLength = 250_000;
/** Of longer lists each item is written by itself; shorter ones are looked through for lists in their items. */
const longList = 100;

/**
 * The JSON of a large result, as JSON.stringify would write it. It is made in pieces, between which the event loop
 * serves others; a row of a long list is not taken apart.
 */
export async function stringifyInPieces(value: unknown): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let text = '';
  for (const part of partsOf(value)) {
    text += part;
    if (text.length < pieceLength) continue;
    pieces.push(Buffer.from(text));
    text = '';
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  pieces.push(Buffer.from(text));
  return Buffer.concat(pieces);
}

function* partsOf(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    const isLong = value.length > longList;
    yield '[';
    for (const [index, item] of value.entries()) {
      if (index > 0) yield ',';
      if (isLong) yield JSON.stringify(item) ?? 'null';
      else yield* partsOf(item);
    }
    yield ']';
  } else if (isPlain(value)) {
    let separator = '{';
    for (const [key, member] of Object.entries(value)) {
      if (member === undefined) continue;
      yield `${separator}${JSON.stringify(key)}:`;
      yield* partsOf(member);
      separator = ',';
    }
    yield separator === '{' ? '{}' : '}';
  } else yield JSON.stringify(value) ?? 'null';
}

/** Whether it is an object as results have them, and not one that says itself what its JSON is. */
function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
