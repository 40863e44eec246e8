import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { dataOf, startApp } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { s3Credentials, startFakeS3 } from '../fakes/s3.ts';
import { upload } from '../uploads.ts';

beforeAll(() => {
  for (const [name, value] of Object.entries(s3Credentials)) vi.stubEnv(name, value);
});
afterAll(() => vi.unstubAllEnvs());

describe('an S3 that answers as some do', () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;
  let server: Server;
  let storage: Storage;
  /** What the next requests are answered with; the last of them stays. */
  let answers: Answer[];
  let requests: string[];

  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => {
      request.resume().on('end', () => {
        requests.push(`${request.method} ${request.url?.split('?')[0]}`);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        answer?.(request, response);
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    storage = await openStorage(`s3://bucket/pre/fix?endpoint=${endpoint}`);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const refusal =
    (status: number, code: string): Answer =>
    (_, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
    };
  const content: Answer = (_, response) => void response.writeHead(200, { 'content-length': 3 }).end('abc');

  test.each([
    [404, 'NoSuchKey'],
    [404, 'NotFound'],
    [403, 'AccessDenied'],
  ])('%i %s is a key that is not there', async (status, code) => {
    answers = [refusal(status, code)];
    expect(await storage.get('avatars/one')).toBeNull();
    expect(requests).toEqual(['GET /bucket/pre/fix/avatars/one']);
  });

  test.each([
    [404, 'NoSuchBucket'],
    [403, 'InvalidAccessKeyId'],
    [403, 'SignatureDoesNotMatch'],
    [400, 'ExpiredToken'],
  ])('%i %s is a failure', async (status, code) => {
    answers = [refusal(status, code)];
    await expect(storage.get('one')).rejects.toThrow();
  });

  test('what may not be written is found out by the check', async () => {
    answers = [refusal(403, 'AccessDenied')];
    await expect(storage.check()).rejects.toThrow();
    await expect(storage.put('one', new Uint8Array(1), 'text/plain')).rejects.toThrow();
    await expect(storage.delete('one')).rejects.toThrow();
  });

  test('is asked again when it fails or is busy, a few times', async () => {
    answers = [refusal(500, 'InternalError'), refusal(503, 'SlowDown'), content];
    expect(Buffer.from((await storage.get('one')) ?? []).toString()).toBe('abc');
    expect(requests).toHaveLength(3);
    answers = [refusal(503, 'SlowDown')];
    await expect(storage.get('one')).rejects.toThrow();
    expect(requests).toHaveLength(6);
  });

  test('half of a file is none', async () => {
    answers = [
      (_, response) => {
        response.writeHead(200, { 'content-length': 1_000 });
        response.write('abc', () => response.destroy());
      },
    ];
    await expect(storage.get('one')).rejects.toThrow();
  });

  test('is sent the whole file at once, with its length and type', async () => {
    let seen: IncomingMessage['headers'] = {};
    answers = [
      (request, response) => {
        seen = request.headers;
        response.writeHead(200).end();
      },
    ];
    await storage.put('one', new Uint8Array(1_000), 'image/webp');
    expect(seen).toMatchObject({ 'content-length': '1000', 'content-type': 'image/webp' });
    expect(requests).toEqual(['PUT /bucket/pre/fix/one']);
  });
});

test('avatars are kept in S3, and served from it', async () => {
  const s3 = await startFakeS3();
  const service = await startApp({ STORAGE_URL: s3.url('avatars-of-a-service') });
  try {
    const { tenant } = service;
    const id = await createParticipant(tenant);
    await upload(service, tenant, id, await png());
    const { participant } = dataOf(
      await tenant.graphql(
        'query ($id: ID!) { participant(id: $id) { small: avatarUrl(size: 64) large: avatarUrl(size: 512) } }',
        {
          id,
        },
      ),
    );
    for (const [url, width] of [[participant.small, 64] as const, [participant.large, 512] as const]) {
      const response = await service.app.fetch(new Request(url));
      expect(response.status).toBe(200);
      expect(await sharp(Buffer.from(await response.arrayBuffer())).metadata()).toMatchObject({
        format: 'webp',
        width,
      });
    }
    const ready = () => service.app.fetch(new Request('http://localhost/readyz')).then((response) => response.json());
    expect(await ready()).toMatchObject({ parts: { storage: null } });
    await s3.close();
    // What was found out counts for half a minute: to ask costs a written file.
    const later = performance.now() + 31_000;
    vi.spyOn(performance, 'now').mockImplementation(() => later);
    expect(await ready()).toMatchObject({ ready: true, degraded: ['storage'], parts: { storage: expect.any(String) } });
  } finally {
    vi.restoreAllMocks();
    await service.close();
  }
});
