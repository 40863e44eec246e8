import { auditServer } from 'graphql-http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApp, type TestApp } from '../app.ts';

let service: TestApp;
let url: string;
beforeAll(async () => {
  service = await startApp({ PORT: '0' });
  ({ url } = await service.app.listen());
});
afterAll(() => service.close());

type Fetch = (input: string, init: RequestInit) => Promise<Response>;

async function audited(send: Fetch): Promise<string[]> {
  const authorization = `Bearer ${await service.tenant.token()}`;
  const results = await auditServer({
    url: `${url}/graphql`,
    fetchFn: (input: string, init: RequestInit = {}) =>
      send(input, { ...init, headers: { ...init.headers, authorization } }),
  });
  expect(results.length).toBeGreaterThan(60);
  return results.filter(({ status }) => status !== 'ok').map(({ id, name, status }) => `${status}: ${id} ${name}`);
}

test('the GraphQL over HTTP specification is kept, whichever way a request goes', async () => {
  expect(await audited(fetch)).toEqual([]);
  // The third time the queries run compiled.
  for (let time = 0; time < 2; time++) expect(await audited(fetch)).toEqual([]);
  // Bodies in chunks are left to Yoga.
  const inChunks = ({ headers, body }: RequestInit) => ({
    ...headers,
    ...(body && { 'transfer-encoding': 'chunked' }),
  });
  const byYoga: Fetch = (input, init) => service.app.fetch(new Request(input, { ...init, headers: inChunks(init) }));
  expect(await audited(byYoga)).toEqual([]);
});
