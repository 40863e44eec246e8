import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What can go wrong with an answer. */
export type Trouble =
  /** 429, with `retryAfter` as its Retry-After. */
  | 'rate-limited'
  /** 500, with a page that quotes the request's authorization, as some proxies' do. */
  | 'server-error'
  | 'not-found'
  /** Takes the request and never answers. */
  | 'hang'
  /** Answers at once, then one byte every 20 ms without end. */
  | 'trickle'
  /** Text that is neither JSON nor an image, under the right content type. */
  | 'nonsense'
  | 'html'
  /** The right bytes, called text/plain. */
  | 'wrong-type'
  /** Bytes without end, no length declared. */
  | 'oversize'
  /** Declares more bytes than it sends, then closes. */
  | 'cut-short'
  /** Redirects to itself. */
  | 'redirect-loop'
  | { redirect: string }
  /** 200 with this body, as JSON. */
  | { json: unknown };

/** A request as a fake saw it. */
export type SeenRequest = {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  form: Record<string, string>;
};

/** What a fake answers without trouble: of its API, or with a picture. */
export type Reply = { part: 'api' | 'image'; status?: number; json?: unknown; image?: Uint8Array; redirect?: string };

/** A provider on a free port of the loopback. */
export type ProviderFake = {
  /** `127.0.0.1:port`, for EGRESS_ALLOW. */
  host: string;
  /** The variables that make the service ask it. */
  env: Record<string, string>;
  /** By address; null for those who have the provider's own drawing, nothing for those it doesn't know. */
  pictures: Map<string, Uint8Array | null>;
  /** Accepted tokens. */
  tokens: Set<string>;
  apiTrouble: Trouble | null;
  imageTrouble: Trouble | null;
  /** Seconds to wait, of rate-limited answers; null leaves them unsaid. */
  retryAfter: string | null;
  /** Every request so far, oldest first. */
  requests: SeenRequest[];
  close(): Promise<void>;
};

/** Starts a provider that answers by its own protocol, or does what its troubles say. */
export async function startProviderFake(
  answer: (fake: ProviderFake, request: SeenRequest) => Reply,
  env: (origin: string) => Record<string, string>,
  rateLimited: (fake: ProviderFake) => unknown = () => ({ message: 'slow down' }),
): Promise<ProviderFake> {
  const server = createServer((request, response) => {
    void (async () => {
      const { pathname, searchParams } = new URL(request.url ?? '/', `http://${fake.host}`);
      const seen: SeenRequest = {
        method: request.method ?? '',
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: request.headers,
        form: Object.fromEntries(new URLSearchParams(await bodyOf(request))),
      };
      fake.requests.push(seen);
      const { part, status = 200, json, image, redirect } = answer(fake, seen);
      if (redirect !== undefined) return void response.writeHead(302, { location: redirect }).end();
      send(fake, response, part === 'api' ? fake.apiTrouble : fake.imageTrouble, {
        status,
        body: image ?? Buffer.from(JSON.stringify(json)),
        type: image ? 'image/png' : 'application/json; charset=utf-8',
        pathname,
        authorization: request.headers.authorization ?? pathname,
        rateLimited: JSON.stringify(rateLimited(fake)),
      });
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fake: ProviderFake = {
    host,
    env: env(`http://${host}`),
    pictures: new Map(),
    tokens: new Set(),
    apiTrouble: null,
    imageTrouble: null,
    retryAfter: '30',
    requests: [],
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
  return fake;
}

/** A request's body, as text. */
export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** An answer as it would be without trouble, and what a troubled one quotes. */
export type Answer = {
  body: Uint8Array;
  type: string;
  pathname: string;
  authorization: string | undefined;
  status?: number;
  /** The body of a 429. */
  rateLimited?: string;
};

/** Answers, or does what the trouble says. */
export function send(
  fake: { retryAfter: string | null },
  response: ServerResponse,
  trouble: Trouble | null,
  { body, type, pathname, authorization, status = 200, rateLimited = 'Too many requests' }: Answer,
): void {
  const reply = (
    status: number,
    contentType: string,
    content: Uint8Array | string,
    headers: Record<string, string> = {},
  ) => {
    response
      .writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(content), ...headers })
      .end(content);
  };
  if (typeof trouble === 'object' && trouble !== null) {
    if ('redirect' in trouble) reply(302, 'text/plain', '', { location: trouble.redirect });
    else reply(200, type, JSON.stringify(trouble.json));
    return;
  }
  switch (trouble) {
    case null:
      reply(status, type, body);
      break;
    case 'rate-limited':
      reply(429, type, rateLimited, fake.retryAfter === null ? {} : { 'retry-after': fake.retryAfter });
      break;
    case 'server-error':
      reply(500, 'text/plain', `Internal error. Your request had: ${authorization}`);
      break;
    case 'not-found':
      reply(404, 'text/plain', 'Not found');
      break;
    case 'nonsense':
      reply(200, type, '{"ok": tru');
      break;
    case 'html':
      reply(200, 'text/html', '<!doctype html><title>Sign in</title><p>Please sign in.</p>');
      break;
    case 'wrong-type':
      reply(200, 'text/plain', body);
      break;
    case 'redirect-loop':
      reply(302, 'text/plain', '', { location: pathname });
      break;
    case 'hang':
      break;
    case 'trickle': {
      response.writeHead(200, { 'content-type': type });
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
      break;
    }
    case 'oversize': {
      response.writeHead(200, { 'content-type': type });
      const block = Buffer.alloc(65_536, ' ');
      const fill = () => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', fill);
      fill();
      break;
    }
    case 'cut-short':
      response.writeHead(200, { 'content-type': type, 'content-length': body.length + 1_000 });
      response.write(body, () => response.destroy());
      break;
  }
}
