import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { largestImage } from '../../src/avatars/sync.ts';
import { limits } from '../../src/operations/limits.ts';
import { startApp, type TestApp, type TestTenant } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { uploadMutation } from '../uploads.ts';

const heldFile = 10_000;
const before = process.env['TMPDIR'];
const folder = mkdtempSync(join(tmpdir(), 'rollcall-uploads-'));
const temporary = join(folder, 'temporary');
const stored = join(folder, 'stored');
let service: TestApp;
let port: number;
beforeAll(async () => {
  const environment = { PORT: '0', IMPORT_FILE_MB: '50', STORAGE_URL: `file:${stored}` };
  service = await startApp(environment, undefined, { heldFile });
  port = Number(new URL((await service.app.listen()).url).port);
  process.env['TMPDIR'] = temporary;
});
beforeEach(() => void mkdirSync(temporary, { recursive: true }));
afterAll(async () => {
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  await service.close();
  rmSync(folder, { recursive: true });
});

const startImport = 'mutation ($input: StartImportInput!) { startImport(input: $input) { import { id state } } }';
const operations = (more: object = {}) =>
  JSON.stringify({
    query: startImport,
    variables: { input: { kind: 'EXTERNAL_USERS', format: 'CSV', file: null, ...more } },
  });
const map = JSON.stringify({ file: ['variables.input.file'] });
const boundary = 'the-boundary';
const end = `\r\n--${boundary}--\r\n`;
const text = (name: string, value: string) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const fileHead = (name = 'file') =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="people.csv"\r\nContent-Type: text/csv\r\n\r\n`;
const importHead = (more: object = {}) => text('operations', operations(more)) + text('map', map) + fileHead();
/** A file of that many bytes. */
const csv = (bytes: number) =>
  `name,email\n${'A,a@b.example\n'.repeat(bytes / 14)}`.padEnd(bytes, '\n').slice(0, bytes);

type Told = {
  status: number;
  code: string | undefined;
  message: string;
  retryAfter: string | undefined;
  data: unknown;
};

/** Begins a request, whose body may come in pieces, and the answer to it. */
async function begin(
  headers: Record<string, string> = {},
  tenant: TestTenant = service.tenant,
): Promise<{ sent: ClientRequest; told: Promise<Told> }> {
  const authorization = headers['authorization'] ?? `Bearer ${await tenant.token()}`;
  const type = `multipart/form-data; boundary=${boundary}`;
  const sent = httpRequest({
    port,
    path: '/graphql',
    method: 'POST',
    headers: { 'content-type': type, ...headers, authorization },
  });
  const told = new Promise<Told>((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', async (response) => {
      let body = '';
      for await (const piece of response) body += piece;
      const { data, errors: [error] = [] } = JSON.parse(body);
      const { 'retry-after': retryAfter } = response.headers;
      const { statusCode: status = 0 } = response;
      resolve({ status, code: error?.extensions.code, message: error?.message ?? '', retryAfter, data });
    });
  });
  told.catch(() => {});
  return { sent, told };
}

async function send(body: string, headers: Record<string, string> = {}, tenant?: TestTenant): Promise<Told> {
  const { sent, told } = await begin({ 'content-length': String(Buffer.byteLength(body)), ...headers }, tenant);
  sent.end(body);
  return told;
}

/** The files of the temporary folder that are open, and have no name any more. */
const opened = () =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(temporary);
    } catch {
      return false;
    }
  }).length;
const until = async (holds: () => boolean) => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
};
// A file has its name for as long as it takes to open it.
const named = () => (existsSync(temporary) ? readdirSync(temporary) : []);
const nothingLeft = () => until(() => opened() === 0 && named().length === 0);

/** What the storage has of the tenant's files. */
const storedOf = (tenant: TestTenant) => {
  const place = join(stored, 'data', tenant.id);
  return existsSync(place) ? readdirSync(place).map((name) => readFileSync(join(place, name), 'utf8')) : [];
};

/** Begins an import whose file is on disk and goes on arriving. */
async function arriving(tenant?: TestTenant) {
  const already = opened();
  const request = await begin({ 'transfer-encoding': 'chunked' }, tenant);
  request.sent.write(importHead() + csv(3 * heldFile));
  await until(() => opened() > already);
  return request;
}

describe.skipIf(!existsSync('/proc/self/fd'))('a file to import', () => {
  test('is held in memory while it is small, and needs no temporary folder', async () => {
    rmSync(temporary, { recursive: true });
    const tenant = await service.createTenant();
    const content = csv(heldFile);
    expect(await send(importHead() + content + end, {}, tenant)).toMatchObject({ status: 200, code: undefined });
    expect(storedOf(tenant)).toEqual([content]);
  });

  test('waits on disk where it is larger, without a name, until it is stored', async () => {
    const tenant = await service.createTenant();
    const content = csv(700_000);
    const { sent, told } = await begin({ 'transfer-encoding': 'chunked' }, tenant);
    sent.write(importHead() + content.slice(0, 400_000));
    await until(() => opened() === 1 && named().length === 0);
    sent.end(content.slice(400_000) + end);
    expect(await told).toMatchObject({ status: 200, data: { startImport: { import: { state: 'QUEUED' } } } });
    expect(storedOf(tenant)).toEqual([content]);
    await nothingLeft();
  });

  test('is told from another by an idempotency key, also on disk', async () => {
    const idOf = ({ data }: Told) => (data as { startImport: { import: { id: string } } }).startImport.import.id;
    const sent = (content: string) => send(importHead({ idempotencyKey: 'once' }) + content + end);
    const first = await sent(csv(50_000));
    expect(idOf(await sent(csv(50_000)))).toBe(idOf(first));
    expect(await sent(csv(50_001))).toMatchObject({ code: 'CONFLICT' });
    await nothingLeft();
  });

  test('is as large as the setting says at the most', async () => {
    const largest = 50_000_000;
    const told = { status: 413, code: 'RESULT_TOO_LARGE', message: 'The file is larger than 50,000,000 bytes.' };
    const { sent, told: refused } = await begin({ 'transfer-encoding': 'chunked' });
    sent.write(importHead());
    for (let left = largest + 1; left > 0; left -= 1_000_000) sent.write('x'.repeat(Math.min(left, 1_000_000)));
    sent.end(end);
    expect(await refused).toMatchObject(told);
    await nothingLeft();
    // A declared length is refused before anything is read.
    const { sent: declared, told: early } = await begin({ 'content-length': String(largest + limits.body + 1) });
    declared.flushHeaders();
    expect(await early).toMatchObject(told);
    declared.destroy();
  });

  test('that its sender gives up leaves nothing, and takes no place', async () => {
    for (let n = 0; n < 3; n += 1) {
      const { sent } = await arriving();
      sent.destroy();
      await nothingLeft();
    }
  });

  test('takes one of two places of its tenant, and of eight in all', async () => {
    const requests = [await arriving(), await arriving()];
    const full = { status: 503, code: 'UNAVAILABLE', retryAfter: '10' };
    const content = csv(3 * heldFile);
    expect(await send(importHead() + content + end)).toMatchObject(full);
    for (let n = 0; n < 6; n += 2) {
      const other = await service.createTenant();
      requests.push(await arriving(other), await arriving(other));
    }
    expect(await send(importHead() + content + end, {}, await service.createTenant())).toMatchObject(full);
    // What fits into memory needs none.
    expect(await send(`${importHead()}name\nA${end}`)).toMatchObject({ status: 200 });
    for (const { sent } of requests) sent.end(end);
    for (const { told } of requests) expect(await told).toMatchObject({ status: 200 });
    await nothingLeft();
    expect(await send(importHead() + content + end)).toMatchObject({ status: 200 });
  });

  test('cannot be kept where there is no temporary folder', async () => {
    rmSync(temporary, { recursive: true });
    for (let n = 0; n < 3; n += 1)
      expect(await send(importHead() + csv(3 * heldFile) + end)).toMatchObject({
        status: 503,
        code: 'UNAVAILABLE',
        message: 'The service cannot keep a file of this size at present.',
        retryAfter: '30',
      });
  });

  test('of somebody who may not import is not kept', async () => {
    rmSync(temporary, { recursive: true });
    const authorization = `Bearer ${await service.tenant.token(['participants:write', 'users:write'])}`;
    expect(await send(importHead() + csv(50_000) + end, { authorization })).toMatchObject({ code: 'FORBIDDEN' });
    const { sent, told } = await begin({ authorization, 'content-length': String(limits.upload + 1) });
    sent.flushHeaders();
    expect(await told).toMatchObject({ status: 413, message: 'The request’s body is larger than 48,000,000 bytes.' });
    sent.destroy();
  });
});

describe.skipIf(!existsSync('/proc/self/fd'))('a file for anything else', () => {
  test('is not kept where it is too large for it', async () => {
    rmSync(temporary, { recursive: true });
    const participantId = await createParticipant(service.tenant);
    const variables = { input: { participantId, file: null } };
    const head =
      text('operations', JSON.stringify({ query: uploadMutation, variables })) + text('map', map) + fileHead();
    expect(await send(head + 'x'.repeat(largestImage + 1) + end)).toMatchObject({ code: 'AVATAR_INVALID' });
    const { sent, told } = await begin({ 'content-length': String(limits.upload + 1) });
    sent.write(`${head}x`);
    expect(await told).toMatchObject({ status: 413, message: 'The request’s body is larger than 48,000,000 bytes.' });
    sent.destroy();
  });

  test('is not kept for an operation that cannot run', async () => {
    rmSync(temporary, { recursive: true });
    const broken = JSON.stringify({ query: 'mutation { startImport }', variables: { input: { file: null } } });
    const told = await send(text('operations', broken) + text('map', map) + fileHead() + csv(50_000) + end);
    expect(told.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });
});

describe.skipIf(!existsSync('/proc/self/fd'))('the parts of a body', () => {
  const file = fileHead() + csv(50_000);
  const order = 'A multipart request has its parts in this order: operations, map, and then the file.';
  const ops = text('operations', operations());
  test.each([
    ['a file first', `${file}\r\n${ops}${text('map', map)}`, 400, order],
    ['a file before the map', `${ops}${file}\r\n${text('map', map)}`, 400, order],
    ['operations after the file', `${ops}${text('map', map)}${file}\r\n${ops}`, 400, order],
    ['operations that come twice', `${ops}${ops}${text('map', map)}${file}`, 400, 'The part operations comes twice.'],
    [
      'two files',
      `${ops}${text('map', JSON.stringify({ file: ['variables.input.file'], b: ['variables.b'] }))}${file}\r\n${fileHead('b')}x`,
      413,
      'One file a request: upload the others by themselves.',
    ],
    [
      'many parts',
      `${ops}${text('map', map)}${text('x', 'y').repeat(20)}${file}`,
      413,
      'The multipart body has too many parts.',
    ],
    [
      'a text without end',
      `${text('operations', 'x'.repeat(limits.body + 1))}${text('map', map)}${file}`,
      413,
      'The part operations is larger than 1,000,000 bytes.',
    ],
  ])('are refused in words: %s', async (_, body, status, message) => {
    expect(await send(body + end)).toMatchObject({ status, message });
    await nothingLeft();
  });

  test('may have the map first, and others that it does not name', async () => {
    const tenant = await service.createTenant();
    const padding = `${fileHead('padding')}${'x'.repeat(100_000)}\r\n`;
    const body = text('map', map) + text('token', 'x') + padding + ops + file;
    expect(
      await send(`${text('map', map)}${ops}${text('token', 'x')}${padding}${file}${end}`, {}, tenant),
    ).toMatchObject({
      status: 200,
    });
    expect(storedOf(tenant)).toEqual([csv(50_000)]);
    // The parts before the operations are of no use to anybody.
    expect(await send(body + end)).toMatchObject({ status: 400, message: order });
  });

  test('that end anywhere are the caller’s own fault', async () => {
    const whole = importHead() + csv(3 * heldFile) + end;
    const places = [0, 1, 30, 60, 80, 300, 420, 450, 500, 510, 560, 600, 5_000, heldFile + 700, whole.length - 5];
    for (const place of places)
      expect(await send(whole.slice(0, place) || ' '), String(place)).toMatchObject({
        status: 400,
        code: 'BAD_USER_INPUT',
      });
    const type = { 'content-type': 'multipart/form-data' };
    expect(await send(whole, type)).toMatchObject({ status: 400, code: 'BAD_USER_INPUT' });
    await nothingLeft();
  });
});
