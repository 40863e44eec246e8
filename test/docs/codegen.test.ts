import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { generate } from '@graphql-codegen/cli';
import { afterAll, expect, test } from 'vitest';
import clientConfig from '../../packages/client/codegen.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-front-end-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a front end copies examples/codegen.ts, and its operations are typed', () => {
  copyFileSync('examples/codegen.ts', join(folder, 'codegen.ts'));
  copyFileSync('schema.graphql', join(folder, 'schema.graphql'));
  writeFileSync(join(folder, 'package.json'), '{ "name": "front-end", "type": "module" }');
  // In the place of its own installation of the packages that the file names.
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  mkdirSync(join(folder, 'src'));
  const query = `query Contacts($agentId: ID!) { participants(agentId: $agentId) { displayName createdAt email } }`;
  writeFileSync(
    join(folder, 'src/contacts.ts'),
    `import { graphql } from './graphql';\nexport const contacts = graphql(\`${query}\`);\n`,
  );

  const { status, stdout, stderr } = spawnSync('npx', ['graphql-codegen'], { cwd: folder, encoding: 'utf8' });
  expect([status, status === 0 ? '' : stdout + stderr]).toEqual([0, '']);
  const generated = readFileSync(join(folder, 'src/graphql/graphql.ts'), 'utf8');
  expect(generated).toMatch(/ContactsQueryVariables = Exact<\{\s*agentId: string/);
  expect(generated).toMatch(/ContactsQuery = .*displayName: string.*createdAt: string.*email\??: string \| null/s);
});

test('the client’s typed documents are those of the schema and its operations: npm run -s client', async () => {
  const files: { filename: string; content: string }[] = await generate({ ...clientConfig, silent: true }, false);
  expect(files.map(({ filename }) => basename(filename)).sort()).toEqual([
    'gql.ts',
    'graphql.ts',
    'index.ts',
    'persisted-documents.json',
  ]);
  for (const { filename, content } of files) expect(readFileSync(filename, 'utf8')).toBe(content);
});
