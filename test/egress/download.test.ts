import type { LookupAddress } from 'node:dns';
import { afterEach, describe, expect, test } from 'vitest';
import { redirectTarget } from '../../src/egress/download.ts';
import { closeSites, downloader, image, notAllowed, problemOf, redirectTo, sendImage, serve, until } from './sites.ts';

afterEach(closeSites);

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
