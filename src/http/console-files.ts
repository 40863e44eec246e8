import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTrustedDocuments } from '../trusted-documents.ts';

/** A file of the build, in each encoding that the build wrote. */
export type ConsoleFile = { type: string; etag: string; bodies: Partial<Record<Encoding, Uint8Array<ArrayBuffer>>> };
type Encoding = 'br' | 'gzip' | 'identity';

/** What the build of the console made. */
export type ConsoleBuild = { page: string; assets: ReadonlyMap<string, ConsoleFile> };

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const suffixes = { br: '.br', gzip: '.gz', identity: '' } as const;

/** The folder that the build writes to. It is the same for the sources and for what was compiled from them. */
export const consoleFolder = fileURLToPath(new URL('../../dist/console/', import.meta.url));

/** Reads the documents that the pages of the build send, by their hashes. Returns null where there is none. */
export function readConsoleDocuments(folder: string): ReadonlyMap<string, string> | null {
  const file = join(folder, 'trusted-documents.json');
  return existsSync(file) ? readTrustedDocuments(file).texts : null;
}

/** Reads the build into memory. Returns null where there is none. */
export function readConsoleBuild(folder: string): ConsoleBuild | null {
  const page = join(folder, 'index.html');
  if (!existsSync(page)) return null;
  const names = readdirSync(join(folder, 'assets')).filter((name) => extname(name) in types);
  return {
    page: readFileSync(page, 'utf8'),
    assets: new Map(names.map((name) => [name, readAsset(join(folder, 'assets', name))])),
  };
}

function readAsset(path: string): ConsoleFile {
  const bodies: ConsoleFile['bodies'] = {};
  for (const [encoding, suffix] of Object.entries(suffixes))
    if (existsSync(path + suffix)) bodies[encoding as Encoding] = new Uint8Array(readFileSync(path + suffix));
  const hash = createHash('sha256').update(bodies.identity ?? '');
  return { type: types[extname(path)] as string, etag: `"${hash.digest('base64url').slice(0, 22)}"`, bodies };
}

/** Returns the best encoding of those that the client takes and the file has. */
export function encodingFor(accepted: string | null, { bodies }: ConsoleFile): Encoding {
  const refused = /;\s*q=0(\.0*)?\s*$/;
  const taken = (accepted ?? '').split(',').flatMap((one) => (refused.test(one) ? [] : [one.split(';')[0]?.trim()]));
  for (const encoding of ['br', 'gzip'] as const) if (taken.includes(encoding) && bodies[encoding]) return encoding;
  return 'identity';
}
