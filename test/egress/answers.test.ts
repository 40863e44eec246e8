import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { DownloaderOptions } from '../../src/egress/download.ts';
import { retryAfterSeconds } from '../../src/egress/retry-after.ts';
import { closers, closeSites, downloader, image, problemOf, sendImage, serve, until } from './sites.ts';

afterEach(closeSites);

describe('a body', () => {
  const download = async (listener: RequestListener, options: Partial<DownloaderOptions> = {}) => {
    const site = await serve(listener);
    return { site, outcome: downloader({ allow: [site.host], ...options })(site.url) };
  };

  test('may be as long as the limit', async () => {
    const { outcome } = await download((_, response) => response.end(Buffer.alloc(1_000)));
    expect(await outcome).toHaveLength(1_000);
  });

  test('that declares to be longer is not read', async () => {
    const { site, outcome } = await download((_, response) => {
      response.writeHead(200, { 'content-length': 1_001 }).flushHeaders();
    });
    expect(await problemOf(outcome)).toMatchObject({
      code: 'AVATAR_INVALID',
      message: 'The image is larger than 1,000 bytes.',
    });
    await until(() => site.connections() === 0);
  });

  test('that is longer without saying so is read no further', async () => {
    const { site, outcome } = await download((_, response) => {
      const fill = () => {
        while (!response.destroyed && response.write(Buffer.alloc(400)));
      };
      response.on('drain', fill);
      fill();
    });
    expect(await problemOf(outcome)).toMatchObject({ code: 'AVATAR_INVALID', status: 422 });
    await until(() => site.connections() === 0);
  });

  test('that ends before its declared length is a broken connection', async () => {
    const { outcome } = await download((_, response) => {
      response.writeHead(200, { 'content-length': 500 });
      response.write(image, () => response.destroy());
    });
    expect(await problemOf(outcome)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
  });

  test('that is empty is no image', async () => {
    const { outcome } = await download((_, response) => response.end());
    expect(await problemOf(outcome)).toMatchObject({ code: 'AVATAR_INVALID', message: 'The image is empty.' });
  });

  test('that is compressed is refused, small as it may be', async () => {
    const { outcome } = await download((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(500_000)));
    });
    expect(await problemOf(outcome)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
  });

  test('that trickles meets the time limit, and the connection is let go', async () => {
    const { site, outcome } = await download(
      (_, response) => {
        const timer = setInterval(() => response.write('.'), 20);
        response.on('close', () => clearInterval(timer));
      },
      { timeoutMs: 300 },
    );
    expect(await problemOf(outcome)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 504 });
    await until(() => site.connections() === 0);
  });
});

describe('a time limit', () => {
  test('ends a request that is not answered, and its connection', async () => {
    const site = await serve(() => {});
    expect(await problemOf(downloader({ allow: [site.host], timeoutMs: 300 })(site.url))).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      status: 504,
    });
    await until(() => site.connections() === 0);
  });

  test('ends a DNS query without an answer', async () => {
    const download = downloader({ timeoutMs: 100, resolve: () => new Promise(() => {}) });
    expect(await problemOf(download('http://images.example/'))).toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      status: 504,
    });
  });

  test('is one for all redirects together', async () => {
    const site = await serve((request, response) => {
      const hop = Number(request.url?.slice(1));
      setTimeout(() => response.writeHead(302, { location: `/${hop + 1}` }).end(), 150);
    });
    const outcome = downloader({ allow: [site.host], timeoutMs: 400 })(`${site.url}/0`);
    expect(await problemOf(outcome)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 504 });
  });
});

describe('an answer that is no image', () => {
  const answered = async (status: number, headers: Record<string, string> = {}) => {
    const site = await serve((_, response) =>
      response.writeHead(status, headers).end('a body that must not be taken for an image'),
    );
    return problemOf(downloader({ allow: [site.host] })(site.url));
  };

  test.each([404, 410])('%d: there is none', async (status) => {
    expect(await answered(status)).toMatchObject({ code: 'AVATAR_NOT_AVAILABLE', status: 400 });
  });

  test('429: wait', async () => {
    expect(await answered(429, { 'retry-after': '17' })).toMatchObject({
      code: 'PROVIDER_RATE_LIMITED',
      status: 429,
      retryAfter: 17,
    });
    expect(await answered(429)).toMatchObject({ retryAfter: 30 });
  });

  test.each([202, 206, 304, 400, 401, 403, 500, 503])('%d: the provider fails', async (status) => {
    expect(await answered(status)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE', status: 502 });
  });

  test('a refused or broken connection, an unknown name, another protocol', async () => {
    const gone = await serve(sendImage);
    await closers.pop()?.();
    const breaking = await serve((request) => request.socket.destroy());
    const tcp = createTcpServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('SSH-2.0-OpenSSH_9.9\r\n'),
    );
    await new Promise<void>((listening) => tcp.listen(0, '127.0.0.1', listening));
    closers.push(() => new Promise((closed) => tcp.close(closed)));
    const ssh = `127.0.0.1:${(tcp.address() as AddressInfo).port}`;
    const download = downloader({
      allow: [gone.host, breaking.host, ssh, 'unknown.example:80'],
      resolve: async () => [],
    });
    for (const url of [
      gone.url,
      breaking.url,
      `http://${ssh}/`,
      `https://${breaking.host}/`,
      'http://unknown.example/',
    ]) {
      const { code, status, message } = await problemOf(download(url));
      expect({ code, status, message }).toEqual({
        code: 'PROVIDER_UNAVAILABLE',
        status: 502,
        message: 'The provider’s image could not be fetched.',
      });
    }
  });
});

test('Retry-After is read in both its forms, within bounds', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  expect(retryAfterSeconds('120', now)).toBe(120);
  expect(retryAfterSeconds(' 5 ', now)).toBe(5);
  expect(retryAfterSeconds('Thu, 01 Jan 2026 00:01:30 GMT', now)).toBe(90);
  expect(retryAfterSeconds('0', now)).toBe(1);
  expect(retryAfterSeconds('Wed, 31 Dec 2025 00:00:00 GMT', now)).toBe(1);
  expect(retryAfterSeconds('999999999999999999999', now)).toBe(3_600);
  for (const unreadable of [undefined, null, '', 'soon']) expect(retryAfterSeconds(unreadable, now)).toBe(30);
});
