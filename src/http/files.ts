import { Readable } from 'node:stream';
import type { FileUrls } from '../avatars/file-urls.ts';
import { avatarKey } from '../avatars/keys.ts';
import type { Database } from '../database/database.ts';
import { asUuid } from '../database/ids.ts';
import { columns } from '../database/sql/columns.ts';
import { parameter } from '../database/sql/fragment.ts';
import { globalStatement } from '../database/sql/statement.ts';
import { uuid } from '../database/sql/types.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Storage } from '../storage/storage.ts';
import { findDataFile } from '../transfer/files.ts';

// The signature is the credential, and it has no tenant.
const file = columns('File', 'f', ['contentHash', 'path']);
const fileById = globalStatement(file)`select ${file} from file f where f.id = ${parameter('id', uuid)}`;

const unknown = () => new Problem('FILE_NOT_FOUND', 'The file does not exist, or its URL has expired.');

/** Serves a stored image, or a file of data, to a request with its signed URL. Throws FILE_NOT_FOUND. */
export function createFileServer(database: Database, storage: Storage, urls: FileUrls) {
  async function dataFile(request: Request, id: string): Promise<Response> {
    const found = await findDataFile(database, id);
    const stored = found && (await storage.open(found.path));
    if (!found || !stored) throw unknown();
    return new Response(request.method === 'HEAD' ? null : webStream(await stored.read()), {
      headers: {
        'content-type': found.contentType,
        'content-length': String(stored.size),
        'content-disposition': `attachment; filename="${found.name}"`,
        'cache-control': 'private, no-store',
        'x-content-type-options': 'nosniff',
        'content-security-policy': `default-src 'none'; sandbox`,
      },
    });
  }

  return async (request: Request, fileId: string): Promise<Response> => {
    const id = asUuid(fileId);
    const { searchParams } = new URL(request.url);
    if (id && !searchParams.has('size') && urls.verifyData(id, searchParams)) return dataFile(request, id);
    const size = id ? urls.verify(id, searchParams) : null;
    const [file] = id && size ? await database.query(fileById, { id }) : [];
    if (!size || !file?.contentHash) throw unknown();

    const etag = `"${file.contentHash}-${size}"`;
    const headers = {
      etag,
      // The URL alone permits the file, for as long as the URL is valid.
      'cache-control': `private, max-age=${urls.secondsLeft(Number(searchParams.get('expires')))}, immutable`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': `default-src 'none'; sandbox`,
      'cross-origin-resource-policy': 'cross-origin',
    };
    if (isKnown(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers });
    const key = avatarKey(file.path, size);
    const isHead = request.method === 'HEAD';
    const bytes = isHead ? null : await storage.get(key);
    const length = isHead ? (await storage.open(key))?.size : bytes?.byteLength;
    if (length === undefined) throw new Problem('FILE_NOT_FOUND', 'The file is not in the storage.');
    return new Response(bytes && viewOf(bytes), {
      headers: { ...headers, 'content-type': 'image/webp', 'content-length': String(length) },
    });
  };
}

const webStream = (pieces: Readable) => Readable.toWeb(pieces) as ReadableStream<Uint8Array>;

/** The same bytes, not copied, for a response: it takes no memory that threads share. */
const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array<ArrayBuffer> | null =>
  buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : null;

/** Returns whether an If-None-Match header matches the entity: `*`, or a list that contains it, weak or not. */
const isKnown = (header: string | null, etag: string): boolean =>
  (header ?? '').split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag);
