import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';
import { createDownloader, type DownloaderOptions } from '../../src/egress/download.ts';
import { Problem } from '../../src/errors/catalogue.ts';

/** What has to be closed after a test. */
export const closers: (() => Promise<unknown>)[] = [];

/** Closes the sites that a test has started. Each file calls it after each of its tests. */
export async function closeSites(): Promise<void> {
  await Promise.all(closers.splice(0).map((close) => close()));
}

export type Site = { host: string; port: number; url: string; seen: IncomingMessage[]; connections: () => number };

/** Starts a site that answers by the listener, and notes the requests. */
export async function serve(listener: RequestListener): Promise<Site> {
  const seen: IncomingMessage[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    seen.push(request);
    listener(request, response);
  });
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('close', () => {
      connections -= 1;
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closers.push(
    () =>
      new Promise((closed) => {
        server.close(closed);
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, port, url: `http://127.0.0.1:${port}`, seen, connections: () => connections };
}

export const image = Buffer.from('pretend that this is an image');
export const sendImage: RequestListener = (_, response) => response.end(image);
export const redirectTo =
  (location: string, status = 302): RequestListener =>
  (_, response) =>
    response.writeHead(status, { location }).end();

/** A downloader that may reach no private address and takes 1,000 bytes, unless the options say otherwise. */
export function downloader(options: Partial<DownloaderOptions> = {}) {
  return createDownloader({ allow: [], maxBytes: 1_000, timeoutMs: 5_000, ...options });
}

/** The problem that a download ends with. Fails if its message says anything of an address or of the HTTP client. */
export async function problemOf(outcome: Promise<unknown>): Promise<Problem> {
  const error: unknown = await outcome.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw error;
  expect(error.message).not.toMatch(/127\.0\.0\.1|localhost|169\.254|::1|ECONN|undici/);
  return error;
}

export const notAllowed = {
  code: 'PROVIDER_UNAVAILABLE',
  status: 502,
  message: 'The provider’s image address is not allowed.',
};
/** Waits until it is so. */
export const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((next) => setTimeout(next, 5));
};
