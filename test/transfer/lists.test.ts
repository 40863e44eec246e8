import { expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { importFile } from '../uploads.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test('imports and exports are listed apart, the newest first, page by page, in one statement', async () => {
  const { tenant } = service;
  const query = (direction: string, page: string) =>
    tenant.graphql(
      `{ ${direction}sConnection(${page}) { totalCount nodes { id kind state createdAt } pageInfo { hasNextPage endCursor } } }`,
    );
  expect(dataOf(await query('import', 'first: 5')).importsConnection).toMatchObject({ totalCount: 0, nodes: [] });
  const imports: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    const input = { kind: 'EXTERNAL_USERS', format: 'CSV' };
    const started = await importFile(service, tenant, `email\n${name}@example.com`, input);
    imports.unshift(dataOf(started).startImport.import.id);
  }
  const start =
    'mutation { startExport(input: { kind: EXTERNAL_USERS, format: CSV }) { export { id createdAt state } } }';
  const { startExport } = dataOf(await tenant.graphql(start));

  const first = await query('import', 'first: 2');
  expect(dataOf(first).importsConnection).toMatchObject({ totalCount: 3, pageInfo: { hasNextPage: true } });
  const { nodes, pageInfo } = dataOf(first).importsConnection;
  const rest = dataOf(await query('import', `first: 2, after: "${pageInfo.endCursor}"`)).importsConnection;
  expect([...nodes, ...rest.nodes].map(({ id }) => id)).toEqual(imports);
  expect(rest.pageInfo.hasNextPage).toBe(false);
  const exported = await query('export', 'first: 2');
  expect(dataOf(exported).exportsConnection.nodes).toMatchObject([startExport.export]);
  expect((await tenant.graphql('{ importsConnection(first: 2) { nodes { id doneRows } } }')).statements).toHaveLength(
    1,
  );

  const headers = { authorization: `Bearer ${await tenant.token(['users:read', 'users:write'])}` };
  for (const list of ['importsConnection', 'exportsConnection'])
    expect(problemOf(await tenant.graphql(`{ ${list} { nodes { id } } }`, {}, headers)).code).toBe('FORBIDDEN');
});
