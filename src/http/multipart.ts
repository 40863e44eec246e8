import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import type { UploadedFile } from '../storage/uploaded-file.ts';
import { refused, tooLarge } from './refused.ts';

/** The parts of a GraphQL multipart request: `operations` and `map` as texts, and the file under the map's name. */
export type Form = Map<string, string | UploadedFile>;

export type FormReader = {
  /** Bytes of one text. */
  largestText: number;
  /** Called with each piece of the body, and whether a text may be in it. What it throws ends the reading. */
  count(bytes: number, isText: boolean): void;
  /** Keeps the file that the map names. It is called once, when the texts are there. */
  keep(file: Readable, form: Form): Promise<UploadedFile>;
};

const max = { fields: 3, files: 10, parts: 20, headerPairs: 20, headerSize: 8_192 };
const texts = new Set(['operations', 'map']);
const order = 'A multipart request has its parts in this order: operations, map, and then the file.';

/**
 * Reads a multipart body as it arrives. Parts that the map does not name are passed over. However it ends, what is left
 * of the body is read and dropped, so that the sender gets to read the answer. Throws what `count` and `keep` throw,
 * and for a body that is none, or whose parts are in another order.
 */
export function readMultipart(request: IncomingMessage, { largestText, count, keep }: FormReader): Promise<Form> {
  return new Promise((resolve, reject) => {
    const form: Form = new Map();
    let kept: Promise<void> | null = null;
    /** The part that is being read, unless it is a text. */
    let reading: Readable | null = null;
    let isOver = false;
    const parser = parserOf(request, largestText);

    const end = (error: unknown) => {
      if (isOver) return;
      isOver = true;
      request.unpipe(parser).off('data', onPiece).resume();
      reading?.destroy(error instanceof Error ? error : new Error('The body is not read on.'));
      reject(error);
    };
    const broken = (error: unknown) => end(unreadable(error));
    /** Runs what may refuse the body. */
    const checking = (work: () => void) => {
      try {
        if (!isOver) work();
      } catch (error) {
        end(error);
      }
    };
    const onPiece = (piece: Buffer) => checking(() => count(piece.byteLength, reading === null));

    parser.on('field', (name, value, _, isCut) =>
      checking(() => {
        if (isCut) throw tooLarge(`The part ${name}`, largestText);
        if (kept) throw refused(order, 400);
        if (form.has(name)) throw refused(`The part ${name} comes twice.`, 400);
        form.set(name, value);
      }),
    );
    // The types do not say that a text of another name comes without a file's name.
    parser.on('file', (name, stream, filename: string | undefined, _, type) => {
      reading = stream;
      stream.once('close', () => {
        if (reading === stream) reading = null;
      });
      stream.on('error', () => {});
      const isText = filename === undefined && type !== 'application/octet-stream';
      let isKept = false;
      checking(() => {
        if (isText) return;
        if (!form.has('operations') || !form.has('map')) throw refused(order, 400);
        if (!namesOf(form.get('map')).has(name)) return;
        if (kept) throw refused('One file a request: upload the others by themselves.', 413);
        isKept = true;
        kept = keep(stream, form).then((file) => void form.set(name, file));
        kept.catch(end);
      });
      if (!isKept) stream.resume();
    });
    for (const limit of ['fieldsLimit', 'filesLimit', 'partsLimit'])
      parser.on(limit, () => end(refused('The multipart body has too many parts.', 413)));
    parser.on('error', broken);
    parser.on('finish', async () => {
      await kept?.catch(() => {});
      if (isOver) return;
      isOver = true;
      resolve(form);
    });
    // A sender who leaves ends the pipe, but not what it leads into.
    request.once('error', broken);
    request.once('close', () => request.complete || broken('it ends too early'));
    if (request.destroyed) broken('it ends too early');
    else request.on('data', onPiece).pipe(parser);
  });
}

const unreadable = (why: unknown) =>
  refused(`The multipart body cannot be read: ${why instanceof Error ? why.message : String(why)}.`, 400);

function parserOf({ headers }: IncomingMessage, largestText: number): BusboyInstance {
  try {
    return new Busboy({
      headers: { ...headers, 'content-type': headers['content-type'] ?? '' },
      limits: { ...max, fieldSize: largestText },
      // What is no text of ours is never put together.
      isPartAFile: (name, _, filename) => filename !== undefined || !texts.has(name ?? ''),
    });
  } catch (error) {
    throw unreadable(error);
  }
}

/** The names of parts that a map has, which may be anything. */
function namesOf(map: unknown): Set<string> {
  try {
    const parsed: unknown = JSON.parse(typeof map === 'string' ? map : '');
    return new Set(typeof parsed === 'object' && parsed !== null ? Object.keys(parsed) : []);
  } catch {
    return new Set();
  }
}
