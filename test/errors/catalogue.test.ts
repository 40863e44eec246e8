import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../src/database/connection.ts';
import { openDatabase } from '../../src/database/database.ts';
import { connectPostgres } from '../../src/database/postgres.ts';
import { createParticipant as createParticipantRule } from '../../src/directory/participants/participants.ts';
import { catalogue, type ErrorCode } from '../../src/errors/catalogue.ts';
import { problemOf as problemOfError } from '../../src/operations/errors.ts';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { upload } from '../uploads.ts';
import { cases, post, type Stage } from './cases.ts';

let slack: FakeSlack;
let service: TestApp;
let limited: TestApp;
let failure: Error | null = null;
let stage: Stage;

/** Lets the database answer until a failure is set. */
const failing = (connection: Connection): Connection => ({
  ...connection,
  query: (...statement) => (failure ? Promise.reject(failure) : connection.query(...statement)),
});

beforeAll(async () => {
  slack = await startFakeSlack();
  const environment = { SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host };
  service = await startApp(environment, failing);
  limited = await startApp({
    RATE_LIMIT: '3',
    TRUSTED_DOCUMENTS: 'examples/trusted-documents.json',
    TRUSTED_DOCUMENTS_ONLY: 'on',
  });
});
beforeEach(async () => {
  failure = null;
  const tenant = await service.createTenant();
  const token = await tenant.token();
  const fail = (error: Error) => {
    failure = error;
  };
  stage = { service, slack, tenant, token, limited, fail };
  await post(stage, '{ viewer { kind } }');
});
afterAll(async () => {
  await Promise.all([service.close(), limited.close(), slack.close()]);
});

/** The problem in a response, wherever it is; it must be the only error. */
async function problemIn(response: Response): Promise<Record<string, unknown>> {
  const body = (await response.json()) as { errors?: { message: string; extensions: Record<string, unknown> }[] };
  if (response.headers.get('content-type')?.startsWith('application/problem+json'))
    return body as Record<string, unknown>;
  expect(body.errors).toHaveLength(1);
  expect(body.errors?.[0]?.message).toBe(body.errors?.[0]?.extensions['detail']);
  return body.errors?.[0]?.extensions ?? {};
}

const codes = Object.keys(catalogue) as ErrorCode[];
const beforeExecution = new Set<ErrorCode>([
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'BAD_USER_INPUT',
  'UNAUTHENTICATED',
  'DOCUMENT_NOT_TRUSTED',
  'FILE_NOT_FOUND',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'RESULT_TOO_LARGE',
  'UNPROCESSABLE',
  'RATE_LIMITED',
  'NOT_IMPLEMENTED',
]);

describe('every error of the catalogue', () => {
  test.each(codes)('%s', async (code) => {
    const error = vi.spyOn(service.app.log, 'error').mockImplementation(() => {});
    const response = await cases[code](stage);
    const problem = await problemIn(response);

    const { status, title } = catalogue[code];
    expect(problem).toMatchObject({
      code,
      status,
      title,
      type: `urn:rollcall:error:${code.toLowerCase().replaceAll('_', '-')}`,
    });
    expect(problem['detail']).toMatch(/\S.*[.?)a-z]$/s);
    expect(problem['instance']).toBe(`urn:uuid:${response.headers.get('x-request-id')}`);
    // Once a query is executed its errors are parts of an answer.
    expect(response.status).toBe(beforeExecution.has(code) ? status : 200);

    const waits = status === 429 || status === 503;
    expect(typeof problem['retryAfter']).toBe(waits ? 'number' : 'undefined');
    if (waits) expect(problem['retryAfter']).toBeGreaterThan(0);
    expect(error).toHaveBeenCalledTimes(code === 'INTERNAL' ? 1 : 0);
    error.mockRestore();
  });
});

describe('the unexpected', () => {
  test('is masked, and logged under the instance', async () => {
    const error = vi.spyOn(service.app.log, 'error').mockImplementation(() => {});
    stage.fail(Object.assign(new Error('relation "the_secret_table" does not exist'), { code: '42P01' }));
    const response = await post(stage, '{ participants { id } }');
    expect(await response.clone().text()).not.toMatch(/secret_table|42P01|stack|\.ts\b/);
    const logged = error.mock.calls[0]![0] as unknown as { err: Error; instance: string };
    expect(logged.err.message).toContain('the_secret_table');
    expect(logged.instance).toBe(response.headers.get('x-request-id'));
    error.mockRestore();
  });

  test('outside the graph is masked and logged as well', async () => {
    const error = vi.spyOn(service.app.log, 'error').mockImplementation(() => {});
    const participantId = await createParticipant(stage.tenant);
    dataOf(await upload(service, stage.tenant, participantId, await png()));
    const { participant } = dataOf(
      await stage.tenant.graphql('query ($id: ID!) { participant(id: $id) { avatarUrl } }', { id: participantId }),
    );
    stage.fail(new Error('the secret of the files'));
    const response = await service.app.fetch(new Request(participant.avatarUrl));
    expect(response.status).toBe(500);
    expect(await response.clone().text()).not.toContain('secret');
    expect(await problemIn(response)).toMatchObject({ code: 'INTERNAL', status: 500 });
    expect((error.mock.calls[0]![0] as { err: Error }).err.message).toBe('the secret of the files');
    error.mockRestore();
  });
});

describe('an outage of the database', () => {
  test('refuses a request that cannot be signed in with 503 and Retry-After', async () => {
    const token = await service.tenant.token();
    stage.fail(Object.assign(new Error('Connection terminated unexpectedly')));
    const response = await post({ service, token }, '{ viewer { kind } }');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('5');
    expect(await problemIn(response)).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 5 });
  });

  test('is reported by what writes', async () => {
    const connection = connectPostgres('postgresql://postgres@127.0.0.1:1/none', 1);
    const db = openDatabase(connection, () => {}).forTenant(stage.tenant.id);
    const error: unknown = await createParticipantRule(
      db,
      { kind: 'PERSON', displayName: 'Ada' },
      { channelsChanged: async () => {}, setAvatarFile: async () => {}, beforeDelete: async () => {} },
    ).catch((error) => error);
    expect(problemOfError(error)).toMatchObject({ code: 'UNAVAILABLE', status: 503, retryAfter: 5 });
    await connection.close();
  });

  test('is reported by what reads', async () => {
    for (const error of [
      Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' }),
      Object.assign(new Error('sorry, too many clients already'), { code: '53300' }),
      Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' }),
      new Error('timeout exceeded when trying to connect'),
    ]) {
      stage.fail(error);
      expect(problemOf(await stage.tenant.graphql('{ agents { id } }')), error.message).toEqual({
        code: 'UNAVAILABLE',
        status: 503,
      });
    }
  });
});

describe('a stop', () => {
  test('refuses new work with 503, and is not ready', async () => {
    const stopping = await startApp();
    const token = await stopping.tenant.token();
    await stopping.app.close();
    const response = await post({ service: stopping, token }, '{ viewer { kind } }');
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await problemIn(response)).toMatchObject({ code: 'UNAVAILABLE', retryAfter: 1 });
    expect((await stopping.app.fetch(new Request('http://localhost/healthz'))).status).toBe(200);
    const ready = await stopping.app.fetch(new Request('http://localhost/readyz'));
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ready: false });
    await stopping.close();
  });
});
