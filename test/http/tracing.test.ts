import { context, propagation, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { startApp } from '../app.ts';
import { eager, settled, syncAgent } from '../avatars/background.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { startFakeSlack } from '../fakes/slack.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { useApp } from '../use-app.ts';

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
provider.register();
// Started before the tests, so after the SDK was registered.
const service = useApp();
beforeEach(() => exporter.reset());
afterAll(async () => {
  await provider.shutdown();
  // The files that this process runs next are not traced.
  for (const api of [trace, context, propagation]) api.disable();
});

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parentId = 'b7ad6b7169203331';

const send = (...request: ConstructorParameters<typeof Request>) => service.app.fetch(new Request(...request));

async function post(query: string, variables: object, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await send('http://rollcall.test/graphql', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${await service.tenant.token()}`,
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
  return response.json();
}

async function spans(): Promise<ReadableSpan[]> {
  await expect.poll(() => exporter.getFinishedSpans().some(({ kind }) => kind === 1)).toBe(true);
  return exporter.getFinishedSpans();
}

test('a request continues the client’s trace: request, operation, statement', async () => {
  await post('query Who($email: String!) { whoIs(by: { email: $email }) { participants { id } } }', {
    email: 'ada@example.com',
  });
  exporter.reset();
  await post(
    'query Who($email: String!) { whoIs(by: { email: $email }) { participants { id } } }',
    { email: 'ada@example.com' },
    { traceparent: `00-${traceId}-${parentId}-01` },
  );
  const all = await spans();
  const request = all.find(({ name }) => name === 'POST /graphql');
  const operation = all.find(({ name }) => name === 'query Who');
  expect(request?.spanContext().traceId).toBe(traceId);
  expect(request?.parentSpanContext?.spanId).toBe(parentId);
  expect(request?.attributes).toMatchObject({ 'http.request.method': 'POST', 'http.response.status_code': 200 });
  expect(operation?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
  const statements = all.filter(({ attributes }) => attributes['db.system.name']);
  expect(statements.length).toBeGreaterThan(0);
  expect(new Set(statements.map(({ parentSpanContext }) => parentSpanContext?.spanId))).toEqual(
    new Set([operation?.spanContext().spanId]),
  );
  expect(new Set(all.map((span) => span.spanContext().traceId))).toEqual(new Set([traceId]));
});

test('no span holds a value', async () => {
  await post('query Who($email: String!) { whoIs(by: { email: $email }) { participants { id } } }', {
    email: 'grace@example.com',
  });
  await post('mutation Make($name: String!) { createAgent(input: { id: "hopper", name: $name }) { agent { id } } }', {
    name: 'grace-hopper',
  });
  await send('http://rollcall.test/external/users?email=grace@example.com', {
    headers: { authorization: `Bearer ${await service.tenant.token()}` },
  });
  await send('http://rollcall.test/grace@example.com');
  await expect.poll(() => exporter.getFinishedSpans().filter(({ kind }) => kind === 1).length).toBe(4);
  const all = exporter.getFinishedSpans();
  expect(
    JSON.stringify(all.map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))),
  ).not.toMatch(/grace/i);
  expect(all.map(({ name }) => name)).toEqual(expect.arrayContaining(['mutation Make', 'GET /external', 'GET /*']));
});

test('what is asked every few seconds is not traced', async () => {
  await send('http://rollcall.test/healthz');
  await send('http://rollcall.test/readyz');
  await post('{ agents { id } }', {});
  expect((await spans()).filter(({ kind }) => kind === 1).map(({ name }) => name)).toEqual(['POST /graphql']);
});

test('a job has a trace of its own, with its statements, the download and what it announces', async () => {
  const slack = await startFakeSlack();
  slack.users.set('U0ADA', { image: await png(64, 64) });
  const own = await createOwnDatabase(inject('database'));
  const environment = { SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host, ...eager };
  const worker = await startApp(environment, undefined, { database: own.place });
  try {
    const { tenant } = worker;
    const integrationConfigId = await createConfig(tenant, 'slack', 'xoxb-good');
    await createAgent(tenant, 'bot');
    await createParticipant(tenant, { agentIds: ['bot'], channels: [{ integrationConfigId, address: 'U0ADA' }] });
    exporter.reset();
    slack.requests.length = 0;
    await syncAgent(tenant, 'bot');
    expect(await settled(worker, tenant)).toMatchObject([{ state: 'DONE' }]);
    await expect.poll(() => exporter.getFinishedSpans().some(({ name }) => name === 'job avatar')).toBe(true);
    const all = exporter.getFinishedSpans();
    const job = all.find(({ name }) => name === 'job avatar')!;
    expect(job.parentSpanContext).toBeUndefined();
    const parts = all.filter((span) => span !== job && span.spanContext().traceId === job.spanContext().traceId);
    const names = parts.map(({ name }) => name);
    expect(names).toContain('download');
    expect(names).toContain('publish avatarSynced');
    expect(parts.some(({ attributes }) => attributes['db.system.name'] === 'postgresql')).toBe(true);
    expect(JSON.stringify(parts.map(({ name, attributes }) => ({ name, attributes })))).not.toMatch(
      /U0ADA|127\.0\.0\.1/,
    );
    // The provider's API continues the trace. Those that serve images are anybody, and are told nothing.
    for (const { path, traceparent } of slack.requests)
      expect([path, traceparent?.split('-')[1]]).toEqual([
        path,
        path.startsWith('/api/') ? job.spanContext().traceId : undefined,
      ]);
    expect(slack.requests.some(({ path }) => path.startsWith('/images/'))).toBe(true);
  } finally {
    await worker.close();
    await own.drop();
    await slack.close();
  }
});
