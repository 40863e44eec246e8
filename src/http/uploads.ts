import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { BREAK, type DocumentNode, visit } from 'graphql';
import { may, type Viewer } from '../auth/viewer.ts';
import { Problem } from '../errors/catalogue.ts';
import { refusal } from '../operations/errors.ts';
import type { Spool } from '../storage/spool.ts';
import { UploadedFile } from '../storage/uploaded-file.ts';
import type { BodyBudget } from './bodies.ts';
import { type Form, readMultipart } from './multipart.ts';
import { tooLarge } from './refused.ts';
import type { UploadPlaces } from './upload-places.ts';

type Headers = { get(name: string): string | null };

export type UploadOptions = {
  /** Bytes of a body without the file, of a body with one, and of a file to import. */
  limits: { body: number; upload: number; import: number };
  /** Bytes of a file that is held in memory. */
  heldFile: number;
  /** The budget of what is held. */
  bodies: BodyBudget;
  places: UploadPlaces;
  /** Returns the documents that a request of these operations would run. It may throw. */
  documentsOf(operations: readonly unknown[], headers: Headers): readonly DocumentNode[];
};

/** A request whose headers have been read. */
export type UploadRequest = {
  request: IncomingMessage;
  response: ServerResponse;
  headers: Headers;
  viewer: Viewer;
};

/** The fields that take a file which may be too large for memory. */
const imports = new Set(['startImport']);

/** Reads the multipart bodies of requests. */
export interface Uploads {
  /** Throws when the declared length is more than a body of this viewer may have. */
  demandLength(viewer: Viewer, declared: number): void;
  /**
   * Reads the form. Its file is given back with the response. One that an import may take is kept on disk where it is
   * too large for memory; of any other that is too large, only the size is known.
   */
  read(request: UploadRequest): Promise<Form>;
}

export function createUploads({ limits, heldFile, bodies, places, documentsOf }: UploadOptions): Uploads {
  const mayImport = (viewer: Viewer) => may(viewer, 'admin');
  const bodyTooLarge = () => tooLarge('The request’s body', limits.upload);
  const fileTooLarge = () => tooLarge('The file', limits.import);

  /** Whether an operation of the form imports a file. What cannot be run does not. */
  function imported(form: Form, headers: Headers): boolean {
    try {
      const operations: unknown = JSON.parse(String(form.get('operations')));
      return documentsOf([operations].flat(), headers).some((document) => hasField(document, imports));
    } catch {
      return false;
    }
  }

  function demandLength(viewer: Viewer, declared: number): void {
    if (!mayImport(viewer) && declared > limits.upload) throw bodyTooLarge();
    if (declared > Math.max(limits.upload, limits.import + limits.body)) throw fileTooLarge();
  }

  return {
    demandLength,
    async read({ request, response, headers, viewer }) {
      const owner = viewer.tenantId;
      const texts = bodies.arriving(owner);
      const held = bodies.arriving(owner);
      let file: UploadedFile | null = null;
      let isOver = false;
      const release = () => {
        isOver = true;
        texts.release();
        held.release();
        file?.release();
      };
      // It follows every answer, and comes in place of one where the sender leaves.
      response.once('close', release);
      let largest = limits.upload;
      let length = 0;

      async function keep(stream: Readable, form: Form): Promise<UploadedFile> {
        const isImport = mayImport(viewer) && imported(form, headers);
        if (isImport) largest = limits.import + limits.body;
        else if (Number(headers.get('content-length')) > limits.upload) throw bodyTooLarge();
        const pieces: Uint8Array[] = [];
        let spool: Spool | null = null;
        let size = 0;
        try {
          for await (const piece of stream as AsyncIterable<Uint8Array>) {
            size += piece.byteLength;
            if (isImport && size > limits.import) throw fileTooLarge();
            if (spool) await spool.write([piece]);
            else if (size <= heldFile) {
              held.take(piece.byteLength);
              pieces.push(piece);
            } else if (isImport) {
              spool = await places.open(owner);
              await spool.write([...pieces.splice(0), piece]);
              held.release();
            } else {
              pieces.length = 0;
              held.release();
            }
          }
        } catch (error) {
          await spool?.close();
          throw error;
        }
        file = new UploadedFile(spool ?? (size <= heldFile ? Buffer.concat(pieces) : null), size);
        if (isOver) file.release();
        return file;
      }

      try {
        return await readMultipart(request, {
          largestText: limits.body,
          count(bytes, isText) {
            length += bytes;
            if (length > largest) throw bodyTooLarge();
            if (isText) texts.take(bytes);
          },
          keep,
        });
      } catch (error) {
        release();
        throw error instanceof Problem ? refusal(error) : error;
      }
    },
  };
}

function hasField(document: DocumentNode, names: ReadonlySet<string>): boolean {
  let found = false;
  visit(document, {
    Field({ name }) {
      found ||= names.has(name.value);
      return found ? BREAK : undefined;
    },
  });
  return found;
}
