import type { LookupAddress } from 'node:dns';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import {
  createDownloader,
  type DownloaderOptions,
  isPublicAddress,
  redirectTarget,
} from '../../src/egress/download.ts';
import { retryAfterSeconds } from '../../src/egress/retry-after.ts';
import { Problem } from '../../src/errors/catalogue.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

type Site = { host: string; port: number; url: string; seen: IncomingMessage[]; connections: () => number };

async function serve(listener: RequestListener): Promise<Site> {
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

const image = Buffer.from('pretend that this is an image');
const sendImage: RequestListener = (_, response) => response.end(image);
const redirectTo =
  (location: string, status = 302): RequestListener =>
  (_, response) =>
    response.writeHead(status, { location }).end();

function downloader(options: Partial<DownloaderOptions> = {}) {
  return createDownloader({ allow: [], maxBytes: 1_000, timeoutMs: 5_000, ...options });
}

async function problemOf(outcome: Promise<unknown>): Promise<Problem> {
  const error: unknown = await outcome.then(
    () => new Error('it succeeded'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Problem)) throw error;
  expect(error.message).not.toMatch(/127\.0\.0\.1|localhost|169\.254|::1|ECONN|undici/);
  return error;
}

const notAllowed = {
  code: 'PROVIDER_UNAVAILABLE',
  status: 502,
  message: 'The provider’s image address is not allowed.',
};
const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((next) => setTimeout(next, 5));
};

describe('a download', () => {
  test('brings the bytes of an allowed host', async () => {
    const site = await serve(sendImage);
    expect(await downloader({ allow: [site.host] })(`${site.url}/a/b?size=512#part`)).toEqual(new Uint8Array(image));
    expect(site.seen[0]?.url).toBe('/a/b?size=512');
  });

  test('asks for plain bytes and says nothing of who asks', async () => {
    const site = await serve(sendImage);
    await downloader({ allow: [site.host] })(site.url);
    expect(Object.keys(site.seen[0]?.headers ?? {}).sort()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    expect(site.seen[0]?.headers['accept-encoding']).toBe('identity');
  });

  test('leaves no connection open', async () => {
    const site = await serve(sendImage);
    await downloader({ allow: [site.host] })(site.url);
    await until(() => site.connections() === 0);
  });

  test.each(['http://127.0.0.1:1', 'localhost'])('is allowed for %s only with its exact port', async (entry) => {
    const site = await serve(sendImage);
    const allow = [entry.replace('http://', '')];
    expect(await problemOf(downloader({ allow })(site.url))).toMatchObject(notAllowed);
    expect(site.seen).toHaveLength(0);
  });

  test('is allowed by name, however the name is written', async () => {
    const site = await serve(sendImage);
    const download = downloader({
      allow: [`Images.Example:${site.port}`],
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
    });
    expect(await download(`http://IMAGES.example:${site.port}/`)).toEqual(new Uint8Array(image));
  });

  test('takes the default port of the scheme for the one that is not written', async () => {
    const unreachable = { resolve: async () => [{ address: '127.0.0.1', family: 4 }], timeoutMs: 300 };
    expect(
      (await problemOf(downloader({ allow: ['a.test:80'], ...unreachable })('http://a.test/'))).message,
    ).not.toMatch(/allowed/);
    expect(
      (await problemOf(downloader({ allow: ['a.test:443'], ...unreachable })('https://a.test/'))).message,
    ).not.toMatch(/allowed/);
  });
});

describe('an address that is not public', () => {
  test.each([
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '0',
    'localhost',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[64:ff9b::7f00:1]',
    '127。0。0。1',
  ])('is not reached as %s', async (hostname) => {
    const site = await serve(sendImage);
    expect(await problemOf(downloader()(`http://${hostname}:${site.port}/`))).toMatchObject(notAllowed);
    expect(site.connections()).toBe(0);
    expect(site.seen).toHaveLength(0);
  });

  test.each(['169.254.169.254', '10.0.0.1', '[fd00:ec2::254]', '168.63.129.16', '100.100.100.200'])(
    'is not tried as %s',
    async (host) => {
      // Were it tried, the answer would be another error, after the time limit.
      expect(await problemOf(downloader({ timeoutMs: 300 })(`http://${host}/latest/meta-data/`))).toMatchObject(
        notAllowed,
      );
    },
  );

  const names: [string, LookupAddress[]][] = [
    ['a private address', [{ address: '127.0.0.1', family: 4 }]],
    ['a mapped address', [{ address: '::ffff:127.0.0.1', family: 6 }]],
    [
      'a public and a private address',
      [
        { address: '203.0.114.1', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ],
    ],
  ];
  test.each(names)('is not reached by a name that has %s', async (_, addresses) => {
    const site = await serve(sendImage);
    const download = downloader({ resolve: async () => addresses });
    expect(await problemOf(download(`http://images.example:${site.port}/`))).toMatchObject(notAllowed);
    expect(site.seen).toHaveLength(0);
  });

  test('is not reached by a name that changes its mind', async () => {
    const inside = await serve(sendImage);
    let answers = 0;
    const resolve = async () => {
      answers += 1;
      return [{ address: answers === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
    };
    const entry = await serve(redirectTo(`http://rebound.example:${inside.port}/`));
    const download = downloader({ allow: [`rebound.example:${entry.port}`], resolve });
    expect(await problemOf(download(`http://rebound.example:${entry.port}/`))).toMatchObject(notAllowed);
    expect(answers).toBe(2);
    expect(inside.seen).toHaveLength(0);
  });
});

describe('a redirect', () => {
  test.each([301, 302, 303, 307, 308])('with %d is followed', async (status) => {
    const last = await serve(sendImage);
    const first = await serve(redirectTo(`${last.url}/there`, status));
    expect(await downloader({ allow: [first.host, last.host] })(first.url)).toEqual(new Uint8Array(image));
    expect(last.seen[0]?.url).toBe('/there');
  });

  test('may be relative, and three are followed but not four', async () => {
    const site = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end(image);
      else response.writeHead(302, { location: `/${left - 1}` }).end('moved');
    });
    const download = downloader({ allow: [site.host] });
    expect(await download(`${site.url}/3`)).toEqual(new Uint8Array(image));
    expect(site.seen).toHaveLength(4);
    expect(await problemOf(download(`${site.url}/4`))).toMatchObject(notAllowed);
    expect(site.seen).toHaveLength(8);
  });

  test('is checked like the first address', async () => {
    const inside = await serve(sendImage);
    const locations = [
      inside.url,
      `http://localhost:${inside.port}`,
      `//127.0.0.1:${inside.port}/`,
      'http://169.254.169.254/',
    ];
    for (const location of [...locations, 'file:///etc/passwd', 'data:image/png;base64,AAAA', 'http://', '']) {
      const first = await serve(redirectTo(location));
      expect(await problemOf(downloader({ allow: [first.host] })(first.url))).toMatchObject(notAllowed);
      expect(first.seen).toHaveLength(1);
    }
    expect(inside.seen).toHaveLength(0);
  });

  test('takes no cookie along, and its own body is not read', async () => {
    const last = await serve(sendImage);
    const first = await serve((_, response) => {
      response.writeHead(302, { location: last.url, 'set-cookie': 'session=1' });
      response.write(Buffer.alloc(100_000));
    });
    await downloader({ allow: [first.host, last.host] })(first.url);
    expect(last.seen[0]?.headers.cookie).toBeUndefined();
    await until(() => first.connections() === 0);
  });

  test('does not lead from https down to http, unless to an allowed host', () => {
    const from = new URL('https://images.example/a');
    expect(() => redirectTarget(from, 'http://images.example/a', () => false)).toThrow(/not allowed/);
    expect(redirectTarget(from, 'http://images.example/a', () => true).href).toBe('http://images.example/a');
    expect(redirectTarget(from, '/b', () => false).href).toBe('https://images.example/b');
    expect(redirectTarget(new URL('http://images.example/'), 'http://other.example/', () => false).href).toBe(
      'http://other.example/',
    );
  });
});

test.each(['ftp://example.com/a', 'file:///etc/passwd', 'javascript:alert(1)', 'no URL', '', '//example.com/a'])(
  '%j is not fetched',
  async (url) => {
    expect(await problemOf(downloader()(url))).toMatchObject(notAllowed);
  },
);

test.each(['user:secret@', 'user@', ':secret@'])('credentials in the URL (%s) are not sent', async (credentials) => {
  const site = await serve(sendImage);
  expect(await problemOf(downloader({ allow: [site.host] })(`http://${credentials}${site.host}/`))).toMatchObject(
    notAllowed,
  );
  expect(site.seen).toHaveLength(0);
});

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

// From IANA's registries of special-purpose addresses, and what wraps an IPv4 address in an IPv6 one.
const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
];
const special6: [string, bigint, number][] = [
  ['unspecified', 0n, 128],
  ['loopback', 1n, 128],
  ['IPv4-compatible', 0n, 96],
  ['IPv4-mapped', 0xffffn << 32n, 96],
  ['IPv4-translated', 0xffff_0000n << 32n, 96],
  ['NAT64', 0x64_ff9bn << 96n, 96],
  ['local NAT64', 0x64_ff9b_0001n << 80n, 48],
  ['discard-only', 0x100n << 112n, 64],
  ['Teredo', 0x2001n << 112n, 32],
  ['protocol assignments', 0x2001n << 112n, 23],
  ['documentation', 0x2001_0db8n << 96n, 32],
  ['documentation, the newer', 0x3fff_0n << 108n, 20],
  ['6to4', 0x2002n << 112n, 16],
  ['segment routing', 0x5f00n << 112n, 16],
  ['unique local', 0xfcn << 120n, 7],
  ['link-local', 0xfe8n << 116n, 10],
  ['site-local', 0xfecn << 116n, 10],
  ['multicast', 0xffn << 120n, 8],
  ['not yet assigned', 0x4n << 124n, 3],
];

const number4 = (address: string) => address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
const text4 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.');
const text6 = (value: bigint) =>
  Array.from({ length: 8 }, (_, group) => ((value >> BigInt(112 - 16 * group)) & 0xffffn).toString(16)).join(':');
const range4 = (cidr: string): [number, number] => {
  const [base = '', bits] = cidr.split('/');
  return [number4(base), number4(base) + 2 ** (32 - Number(bits)) - 1];
};
const anyNumber = fc.integer({ min: 0, max: 0xffff_ffff });
const inAnySpecial4 = (value: number) => special4.some((cidr) => value >= range4(cidr)[0] && value <= range4(cidr)[1]);

describe('public is', () => {
  test.each(special4)('no address of %s', (cidr) => {
    const [min, max] = range4(cidr);
    const inside = fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max));
    fc.assert(fc.property(inside, (value) => !isPublicAddress(text4(value))));
  });

  test('every other IPv4 address', () => {
    const neighbours = special4
      .flatMap((cidr) => [range4(cidr)[0] - 1, range4(cidr)[1] + 1])
      .filter((value) => value > 0 && value < 2 ** 32);
    const outside = fc.oneof(anyNumber, fc.constantFrom(...neighbours)).filter((value) => !inAnySpecial4(value));
    fc.assert(
      fc.property(outside, (value) => isPublicAddress(text4(value))),
      { numRuns: 500 },
    );
  });

  test.each(special6)('no IPv6 address that is %s', (_, base, bits) => {
    const inside = fc.bigInt({ min: 0n, max: (1n << BigInt(128 - bits)) - 1n }).map((host) => text6(base + host));
    fc.assert(fc.property(inside, (address) => !isPublicAddress(address)));
  });

  test('no IPv4 address inside an IPv6 one, in any notation', () => {
    fc.assert(
      fc.property(anyNumber, (value) => {
        const dotted = text4(value);
        for (const wrapped of [`::ffff:${dotted}`, `::${dotted}`, `64:ff9b::${dotted}`, `::ffff:0:${dotted}`]) {
          expect(isPublicAddress(wrapped)).toBe(false);
        }
        const groups = text6(BigInt(value)).split(':').slice(-2).join(':');
        for (const wrapped of [`2002:${groups}::1`, `2001:0:${groups}::`, `::ffff:${groups}`])
          expect(isPublicAddress(wrapped)).toBe(false);
      }),
    );
  });

  test.each(['2606:4700:4700::1111', '2a00:1450:4001:81b::200e', '2001:4860:4860::8888', '2400:cb00::1', '8.8.8.8'])(
    '%s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  test.each(['', 'localhost', '8.8.8', '0x8.8.8.8', '134744072', '8.8.8.8/8', 'fe80::1%eth0', '[2606:4700::1]'])(
    'not %j, which is no address',
    (text) => {
      expect(isPublicAddress(text)).toBe(false);
    },
  );
});
