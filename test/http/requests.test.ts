import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { limits } from '../../src/operations/limits.ts';
import { startApp, type TestApp } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { uploadForm } from '../uploads.ts';

let service: TestApp;
let url: string;
let authorization: string;
beforeAll(async () => {
  service = await startApp({ PORT: '0', CORS_ORIGINS: 'https://app.example.com,https://admin.example.com' });
  ({ url } = await service.app.listen());
  authorization = `Bearer ${await service.tenant.token()}`;
});
afterAll(() => service.close());

type Told = { status: number; codes: (string | undefined)[]; body: unknown; headers: Headers };

/** Sends over the network; the codes are those of the errors in the answer, wherever they are. */
async function send(init: RequestInit, query = ''): Promise<Told> {
  const accept = 'application/graphql-response+json';
  const response = await fetch(`${url}/graphql${query}`, {
    ...init,
    headers: { authorization, accept, ...init.headers },
  });
  const text = await response.text();
  const body = text ? JSON.parse(text) : null;
  const errors = (Array.isArray(body) ? body : [body]).flatMap((each) => each?.errors ?? []);
  const codes = errors.length > 0 ? errors.map(({ extensions }) => extensions.code) : [body?.code];
  return { status: response.status, codes, body, headers: response.headers };
}

const json = (body: unknown, headers = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const viewer = { query: '{ viewer { kind } }' };

describe('what cannot be read', () => {
  test.each([
    ['not JSON', json('{"query": '), 400],
    ['a number', json('7'), 400],
    ['null', json('null'), 400],
    ['a string', json('"{ viewer { kind } }"'), 400],
    ['no query', json({}), 400],
    ['a query that is no text', json({ query: 7 }), 400],
    ['variables that are a list', json({ ...viewer, variables: [1] }), 400],
    ['extensions that are text', json({ ...viewer, extensions: 'x' }), 400],
    ['an unknown parameter', json({ ...viewer, persisted: true }), 400],
    ['a list in a batch', json([[viewer]], { accept: 'application/json' }), 200],
    ['no content type', { method: 'POST', body: new Blob(['{}']) }, 415],
    ['text', { method: 'POST', headers: { 'content-type': 'text/plain' }, body: JSON.stringify(viewer) }, 415],
    ['XML', { method: 'POST', headers: { 'content-type': 'application/xml' }, body: '<query/>' }, 415],
  ] as [string, RequestInit, number][])('%s', async (_, init, status) => {
    const told = await send(init);
    expect(told.codes).toEqual(['BAD_USER_INPUT']);
    expect(told.status).toBe(status);
    expect(told.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  test.each(['Application/JSON', 'APPLICATION/JSON; Charset="UTF-8"', 'application/json ;charset=utf-8'])(
    'but a media type in any case (%s), also from a page',
    async (type) => {
      for (const headers of [{}, { origin: 'https://app.example.com' }])
        expect(await send(json(viewer, { 'content-type': type, ...headers }))).toMatchObject({
          status: 200,
          body: { data: { viewer: { kind: 'USER' } } },
        });
    },
  );

  test.each([
    ['application/json;q=0.5, application/graphql-response+json', 'application/graphql-response+json'],
    ['application/json;q=0.4, */*;q=0.1, application/graphql-response+json;q=0.5', 'application/graphql-response+json'],
    ['application/graphql-response+json;q=0, application/json', 'application/json'],
    ['application/graphql-response+json; Q=0.2, application/json;q=0.2', 'application/graphql-response+json'],
  ])('accepted types count by their weights (%s)', async (accept, type) => {
    for (const headers of [{}, { origin: 'https://app.example.com' }])
      expect((await send(json(viewer, { accept, ...headers }))).headers.get('content-type')).toBe(
        `${type}; charset=utf-8`,
      );
  });

  test('an accepted type that is not served', async () => {
    expect(await send(json(viewer, { accept: 'text/html' }))).toMatchObject({ status: 406, codes: ['BAD_USER_INPUT'] });
  });

  test('an operation name that the document does not have', async () => {
    expect((await send(json({ query: 'query A { viewer { kind } }', operationName: 'B' }))).codes).toEqual([
      'BAD_USER_INPUT',
    ]);
  });

  test('methods that are not served', async () => {
    for (const method of ['PUT', 'DELETE', 'PATCH']) {
      expect(await send({ method, body: '{}', headers: { 'content-type': 'application/json' } })).toMatchObject({
        status: 405,
        codes: ['METHOD_NOT_ALLOWED'],
      });
    }
  });
});

describe('the size of a body', () => {
  const padded = (bytes: number) => {
    const empty = JSON.stringify({ ...viewer, variables: { x: '' } }).length;
    return JSON.stringify({ ...viewer, variables: { x: 'x'.repeat(bytes - empty) } });
  };

  test('is one million bytes at most where its length is declared', async () => {
    expect(await send(json(padded(limits.body)))).toMatchObject({
      status: 200,
      body: { data: { viewer: { kind: 'USER' } } },
    });
    expect(await send(json(padded(limits.body + 1)))).toMatchObject({ status: 413, codes: ['RESULT_TOO_LARGE'] });
  });

  test('is one million bytes at most where it is not', async () => {
    const chunked = (text: string) =>
      new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
        const sent = httpRequest(
          `${url}/graphql`,
          {
            method: 'POST',
            headers: { authorization, 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
          },
          async (response) => {
            let answer = '';
            for await (const chunk of response) answer += chunk;
            resolve({ status: response.statusCode, text: answer });
          },
        ).on('error', reject);
        for (let at = 0; at < text.length; at += 100_000) sent.write(text.slice(at, at + 100_000));
        sent.end();
      });
    expect(await chunked(padded(limits.body))).toMatchObject({
      status: 200,
      text: '{"data":{"viewer":{"kind":"USER"}}}',
    });
    const refused = await chunked(padded(limits.body + 1));
    expect(refused.status).toBe(413);
    expect(JSON.parse(refused.text).errors[0].extensions.code).toBe('RESULT_TOO_LARGE');
  });

  test('is more for uploads, but not without end', async () => {
    const form = async (bytes: number) => {
      const image = await png();
      const padding = new Uint8Array(bytes);
      const made = uploadForm(await createParticipant(service.tenant), new Uint8Array([...image]));
      made.set('1', new File([padding], 'padding'));
      return { method: 'POST', body: made };
    };
    expect(await send(await form(2_000_000))).toMatchObject({ status: 200, codes: [undefined] });
    expect(await send(await form(limits.upload))).toMatchObject({ status: 413, codes: ['RESULT_TOO_LARGE'] });
  });
});

describe('GET', () => {
  const document = (query: string) => `?query=${encodeURIComponent(query)}`;

  test('asks, but changes nothing', async () => {
    const accept = 'application/json';
    expect(await send({ headers: { accept } }, document('{ viewer { kind } }'))).toMatchObject({ status: 200 });
    const mutation = document('mutation { createAgent(input: { id: "by-get", name: "x" }) { agent { id } } }');
    expect(await send({ headers: { accept } }, mutation)).toMatchObject({ status: 405, codes: ['METHOD_NOT_ALLOWED'] });
    expect(JSON.stringify((await send(json({ query: '{ agents { id } }' }))).body)).not.toContain('by-get');
  });

  test('with variables that are no JSON is refused', async () => {
    const told = await send(
      { headers: { accept: 'application/json' } },
      `${document('{ viewer { kind } }')}&variables=%7B`,
    );
    expect(told).toMatchObject({ status: 400, codes: ['BAD_USER_INPUT'] });
  });
});

describe('a batch', () => {
  test('answers up to ten operations, each by itself', async () => {
    const { status, body } = await send(
      json([...Array(9).fill(viewer), { query: '{ nobody }' }], { accept: 'application/json' }),
    );
    expect(status).toBe(200);
    expect(body).toHaveLength(10);
    expect(
      (body as { data?: object; errors?: { extensions: { code: string } }[] }[])[9]?.errors?.[0]?.extensions.code,
    ).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  test('of a large body is read as it stands, whose characters are not listed', async () => {
    const keys = vi.spyOn(Object, 'keys');
    const told = await send(json([viewer, { query: `# ${'x'.repeat(700_000)}\n${viewer.query}` }]));
    const max = Math.max(...keys.mock.results.map(({ value }) => value.length));
    keys.mockRestore();
    expect(told).toMatchObject({ status: 200, codes: ['GRAPHQL_PARSE_FAILED'] });
    expect(max).toBeLessThan(10_000);
  });

  test('answers no subscription, beside what it answers', async () => {
    const events = { query: 'subscription { agentChanged { __typename } }' };
    const { status, body } = await send(json([viewer, events], { accept: 'application/json' }));
    const [answered, refused] = body as { data?: object; errors?: { extensions: { code: string } }[] }[];
    expect([status, answered]).toEqual([200, { data: { viewer: { kind: 'USER' } } }]);
    expect(refused?.errors?.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test('of more is refused', async () => {
    expect(await send(json(Array(11).fill(viewer)))).toMatchObject({ status: 413, codes: ['RESULT_TOO_LARGE'] });
  });
});

describe('across sites', () => {
  const urlencoded = { 'content-type': 'application/x-www-form-urlencoded' };
  const simple = async (headers: Record<string, string>, body: BodyInit) => {
    const response = await fetch(`${url}/graphql`, { method: 'POST', headers, body });
    return { status: response.status, code: (await response.json()).errors[0].extensions.code };
  };

  test('requests that a browser sends without asking are refused', async () => {
    const form = `query=${encodeURIComponent('{ viewer { kind } }')}`;
    expect(await simple(urlencoded, form)).toEqual({ status: 403, code: 'FORBIDDEN' });
    expect(await simple({}, uploadForm('x', await png()))).toEqual({ status: 403, code: 'FORBIDDEN' });
    expect(await simple({ ...urlencoded, 'graphql-require-preflight': '1' }, form)).toEqual({
      status: 401,
      code: 'UNAUTHENTICATED',
    });
  });

  test('only the configured origins may read', async () => {
    const allowed = async (origin: string) =>
      (await send(json(viewer, { origin }))).headers.get('access-control-allow-origin');
    expect(await allowed('https://app.example.com')).toBe('https://app.example.com');
    expect(await allowed('https://admin.example.com')).toBe('https://admin.example.com');
    expect(await allowed('https://evil.example.com')).not.toBe('https://evil.example.com');
    const preflight = await fetch(`${url}/graphql`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  });

  test('nobody may read unless configured', async () => {
    const closed = await startApp();
    const response = await closed.app.fetch(
      new Request('http://localhost/graphql', json(viewer, { authorization, origin: 'https://app.example.com' })),
    );
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    await closed.close();
  });
});
