import { createHash } from 'node:crypto';
import { type ConsoleFile, encodingFor, readConsoleBuild } from './console-files.ts';
import type { ServerContext } from './yoga.ts';

/** What the page is told at its start. */
export type ConsoleSettings = {
  /** A token that signs the page in. Null where the operator signs in. */
  token: string | null;
  /** Where operators sign in. Null where they can only give an access key. */
  openId: { issuer: string; clientId: string; audience: string } | null;
  /** Bytes of a file that may be imported. */
  largestImport: number;
};

export type ConsoleOptions = {
  /** The folder of the build. */
  folder: string;
  settings(request: Request, context: ServerContext): Promise<ConsoleSettings>;
  /** Where pictures come from, beside the page's own origin. Null where that is the only one. */
  pictures: string | null;
};

export interface Console {
  /** Answers a GET for a file or a page of the console. Null for every other request. */
  answer(request: Request, path: string, context: ServerContext): Promise<Response | null>;
}

/** The first parts of the addresses of the console's pages. Other addresses belong to the graph and the faces. */
export const pages = [
  '',
  'agents',
  'people',
  'users',
  'find',
  'inbox',
  'senders',
  'merge',
  'duplicates',
  'imports',
  'avatars',
  'integrations',
  'keys',
  'history',
  'signed-in',
] as const;

/**
 * Serves the page for operators and its files, from memory. Returns null where the console was not built. Only requests
 * that accept HTML get a page, so that an API client with a wrong address gets a problem as before.
 */
export function createConsole({ folder, settings, pictures }: ConsoleOptions): Console | null {
  const build = readConsoleBuild(folder);
  if (!build) return null;
  return {
    async answer(request, path, context) {
      const [, name] = /^\/assets\/([\w.-]+)$/.exec(path) ?? [];
      if (name) {
        const asset = build.assets.get(name);
        return asset ? assetResponse(request, asset) : null;
      }
      const [, first = '', below] = path.split('/');
      const isPage = (pages as readonly string[]).includes(first) && (first !== '' || below === undefined);
      if (!isPage || !/\btext\/html\b/.test(request.headers.get('accept') ?? '')) return null;
      return pageResponse(request, build.page, await settings(request, context), pictures);
    },
  };
}

const sameForAll = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' };

/** The name of an asset changes with its content, so a browser never asks for one twice. */
function assetResponse(request: Request, asset: ConsoleFile): Response {
  const encoding = encodingFor(request.headers.get('accept-encoding'), asset);
  const headers = {
    ...sameForAll,
    'content-type': asset.type,
    'cache-control': 'public, max-age=31536000, immutable',
    'cross-origin-resource-policy': 'same-origin',
    etag: asset.etag,
    vary: 'Accept-Encoding',
  };
  if (request.headers.get('if-none-match')?.includes(asset.etag)) return new Response(null, { status: 304, headers });
  return new Response(asset.bodies[encoding] ?? null, {
    headers: { ...headers, ...(encoding !== 'identity' && { 'content-encoding': encoding }) },
  });
}

function pageResponse(request: Request, page: string, settings: ConsoleSettings, pictures: string | null): Response {
  // A data block: no script runs from the page itself. A `<` could end it.
  const json = JSON.stringify(settings).replaceAll('<', '\\u003c');
  const body = page.replace('</head>', () => `<script type="application/json" id="settings">${json}</script></head>`);
  const headers = {
    ...sameForAll,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy(settings, pictures),
    'cross-origin-opener-policy': 'same-origin',
  };
  // A page that holds a token is kept nowhere.
  if (settings.token) return new Response(body, { headers: { ...headers, 'cache-control': 'no-store' } });
  const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
  const kept = { ...headers, 'cache-control': 'no-cache', etag };
  return request.headers.get('if-none-match') === etag
    ? new Response(null, { status: 304, headers: kept })
    : new Response(body, { headers: kept });
}

function policy({ openId }: ConsoleSettings, pictures: string | null): string {
  const also = (origin: string | null) => (origin ? ` ${origin}` : '');
  return [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self'`,
    `img-src 'self' data: blob:${also(pictures)}`,
    `connect-src 'self'${also(openId && new URL(openId.issuer).origin)}`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ].join('; ');
}
