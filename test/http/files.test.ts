import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { upload } from '../uploads.ts';

let service: TestApp;
let participantId: string;
let url: URL;
beforeAll(async () => {
  service = await startApp({ PUBLIC_URL: 'https://rollcall.example.com/' });
  participantId = await createParticipant(service.tenant);
  dataOf(await upload(service, service.tenant, participantId, await png()));
  url = await avatarUrl(128);
});
afterAll(() => service.close());

const avatarUrlOf = (size?: number) =>
  service.tenant.graphql(
    `query ($id: ID!) { participant(id: $id) { avatarUrl${size === undefined ? '' : `(size: ${size})`} } }`,
    {
      id: participantId,
    },
  );
const avatarUrl = async (size?: number) => new URL(dataOf(await avatarUrlOf(size)).participant.avatarUrl);
const get = (at: URL, init?: RequestInit) => service.app.fetch(new Request(at, init));
const changed = (change: (params: URLSearchParams) => void) => {
  const other = new URL(url);
  change(other.searchParams);
  return other;
};

describe('an avatar’s URL', () => {
  test('is absolute, and good for one to two hours', async () => {
    expect(url.href).toMatch(/^https:\/\/rollcall\.example\.com\/files\/[0-9a-f-]{36}\?/);
    const left = Number(url.searchParams.get('expires')) - Date.now() / 1_000;
    expect(left).toBeGreaterThanOrEqual(3_600);
    expect(left).toBeLessThanOrEqual(7_200);
    expect((await avatarUrl(128)).href).toBe(url.href);
    expect((await avatarUrl()).href).toBe(url.href);
  });

  test.each([64, 128, 512])('of size %d serves a WebP of that size, without a credential', async (size) => {
    const response = await get(await avatarUrl(size));
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('image/webp');
    expect(await sharp(Buffer.from(await response.arrayBuffer())).metadata()).toMatchObject({
      format: 'webp',
      width: size,
      height: size,
    });
  });

  test('is for the three sizes only', async () => {
    const answer = await avatarUrlOf(100);
    expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
    expect(answer.errors?.[0]?.extensions.errors).toEqual([{ path: ['size'], message: 'must be one of 64, 128, 512' }]);
  });

  test('is null without an avatar', async () => {
    const id = await createParticipant(service.tenant);
    const answer = await service.tenant.graphql('query ($id: ID!) { participant(id: $id) { avatarUrl } }', { id });
    expect(dataOf(answer).participant.avatarUrl).toBeNull();
  });
});

describe('/files', () => {
  test('tells browsers to keep the image, and not to guess what it is', async () => {
    const { headers } = await get(url);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toBe(`default-src 'none'; sandbox`);
    const [, seconds] = /^private, max-age=(\d+), immutable$/.exec(headers.get('cache-control') ?? '') ?? [];
    expect(Number(seconds)).toBeGreaterThan(3_500);
    expect(Number(seconds)).toBeLessThanOrEqual(7_200);
  });

  test('answers 304 to who has it already', async () => {
    const etag = (await get(url)).headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{64}-128"$/);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const response = await get(url, { headers: { 'if-none-match': known } });
      expect([known, response.status, await response.text()]).toEqual([known, 304, '']);
    }
    expect((await get(url, { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });

  test('answers HEAD without the image', async () => {
    const response = await get(url, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(100);
  });

  test.each([
    ['another size', () => changed((params) => params.set('size', '512'))],
    ['a size there is not', () => changed((params) => params.set('size', '100'))],
    ['a later end', () => changed((params) => params.set('expires', '99999999999'))],
    ['no end', () => changed((params) => params.delete('expires'))],
    ['no signature', () => changed((params) => params.delete('signature'))],
    ['another signature', () => changed((params) => params.set('signature', 'A'.repeat(43)))],
    ['a longer signature', () => changed((params) => params.set('signature', `${params.get('signature')}AAAA`))],
    [
      'another file',
      () => new URL(url.href.replace(/files\/[0-9a-f-]{36}/, 'files/0198f000-0000-7000-8000-000000000000')),
    ],
    ['no file’s id', () => new URL(url.href.replace(/files\/[0-9a-f-]{36}/, 'files/..%2f..%2fetc%2fpasswd'))],
  ])('refuses a URL with %s', async (_, other) => {
    const response = await get(other());
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'FILE_NOT_FOUND', status: 404 });
  });

  test('refuses a URL that has expired', async () => {
    const { createFileUrls } = await import('../../src/avatars/file-urls.ts');
    const urls = createFileUrls('s'.repeat(32), () => '');
    const realNow = Date.now;
    const signed = new URL(urls.sign('0198f000-0000-7000-8000-000000000000', 64), 'http://localhost').searchParams;
    const [id] = ['0198f000-0000-7000-8000-000000000000'];
    expect(urls.verify(id, signed)).toBe(64);
    try {
      Date.now = () => Number(signed.get('expires')) * 1_000 + 1;
      expect(urls.verify(id, signed)).toBeNull();
    } finally {
      Date.now = realNow;
    }
  });

  test('of another tenant has another file, though the picture is the same', async () => {
    const other = await service.createTenant();
    const id = await createParticipant(other);
    dataOf(await upload(service, other, id, await png()));
    const { participant } = dataOf(
      await other.graphql('query ($id: ID!) { participant(id: $id) { avatarFileId } }', { id }),
    );
    const moved = new URL(url.href.replace(/files\/[0-9a-f-]{36}/, `files/${participant.avatarFileId}`));
    expect(moved.pathname).not.toBe(url.pathname);
    expect((await get(moved)).status).toBe(404);
  });
});
