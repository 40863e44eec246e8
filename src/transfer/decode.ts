import { Problem } from '../errors/catalogue.ts';

/** What spreadsheets' own files begin with: zipped ones, as many others, and those of before 2007. */
const spreadsheets = [
  { begin: [0x50, 0x4b, 0x03, 0x04], detail: 'The file is zipped, as spreadsheets’ own files are: save it as CSV.' },
  { begin: [0xd0, 0xcf, 0x11, 0xe0], detail: 'The file is a spreadsheet program’s own: save it as CSV.' },
];

/** Returns the encoding of a file by its first bytes: by its mark, or by where its zeros are. UTF-8 otherwise. */
function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  const some = bytes.subarray(0, 512);
  const zeros = [0, 0];
  for (const [at, byte] of some.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (odd > some.length / 6 && even === 0) return 'utf-16le';
  if (even > some.length / 6 && odd === 0) return 'utf-16be';
  return 'utf-8';
}

/** Whether a cell has bytes that its file's encoding does not have. */
export const isUndecodable = (text: string): boolean => text.includes('\ufffd');

/** Bytes by which a file's encoding and its delimiter are told. */
const beginning = 4_096;

/** The same pieces, of which the first is long enough to tell what the file is, or the whole file. */
async function* begun(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let first: Uint8Array | null = new Uint8Array();
  for await (const bytes of pieces) {
    if (!first) {
      yield bytes;
      continue;
    }
    first = Buffer.concat([first, bytes]);
    if (first.byteLength < beginning) continue;
    yield first;
    first = null;
  }
  if (first) yield first;
}

/** Decodes a file piece by piece. Throws UNPROCESSABLE for a file that is empty, or a spreadsheet's own. */
export async function* decoded(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined;
  for await (const bytes of begun(pieces)) {
    if (bytes.byteLength === 0) continue;
    if (!decoder) {
      const own = spreadsheets.find(({ begin }) => begin.every((byte, at) => bytes[at] === byte));
      if (own) throw new Problem('UNPROCESSABLE', own.detail);
      decoder = new TextDecoder(encodingOf(bytes));
    }
    yield decoder.decode(bytes, { stream: true });
  }
  if (!decoder) throw new Problem('UNPROCESSABLE', 'The file is empty.');
  yield decoder.decode();
}
