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

test('the GraphQL over HTTP specification is kept', async () => {
  const authorization = `Bearer ${await service.tenant.token()}`;
  const results = await auditServer({
    url: `${url}/graphql`,
    fetchFn: (input: string, init: RequestInit = {}) => fetch(input, { ...init, headers: { ...init.headers, authorization } }),
  });
  expect(results.length).toBeGreaterThan(60);
  expect(results.filter(({ status }) => status !== 'ok').map(({ id, name, status }) => `${status}: ${id} ${name}`)).toEqual([]);
});
