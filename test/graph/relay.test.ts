import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  printSchema,
} from 'graphql';
import { afterAll, expect, test } from 'vitest';
import { buildSchema } from '../../src/schema/schema.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-relay-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The package’s own program for this platform. */
const compiler: string = createRequire(import.meta.url)('relay-compiler');

const schema = buildSchema();
const node = schema.getType('Node');
const nodes = isInterfaceType(node) ? [...schema.getPossibleTypes(node)] : [];
const variables = '@argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })';

const isConnection = (type: unknown): type is GraphQLObjectType =>
  isObjectType(type) && type.name.endsWith('Connection');

/** Compiles a module with these fragments and operations; returns what the compiler says, and what it has made. */
function compile(documents: readonly string[]): { status: number | null; said: string; made: string[] } {
  const src = join(folder, 'src');
  const made = join(src, '__generated__');
  rmSync(src, { recursive: true, force: true });
  mkdirSync(made, { recursive: true });
  writeFileSync(join(folder, 'schema.graphql'), printSchema(schema));
  const config = {
    src: './src',
    schema: './schema.graphql',
    language: 'typescript',
    artifactDirectory: './src/__generated__',
  };
  writeFileSync(join(folder, 'relay.config.json'), JSON.stringify(config));
  const tagged = documents.map((each) => `graphql\`${each}\`;`);
  writeFileSync(join(src, 'Front.ts'), `import { graphql } from 'relay-runtime';\n${tagged.join('\n')}\n`);
  const { status, stdout, stderr } = spawnSync(compiler, ['relay.config.json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, said: status === 0 ? '' : `${stdout}${stderr}`, made: readdirSync(made) };
}

test('Relay’s compiler takes a refetchable fragment on every node, with all of its own fields', () => {
  const fragments = nodes.map((type) => {
    const own = Object.values(type.getFields())
      .filter((field) => isLeafType(getNamedType(field.type)) && !field.args.some(isRequiredArgument))
      .map(({ name }) => name);
    return `fragment Front_${type.name} on ${type.name} @refetchable(queryName: "Front${type.name}Query") { ${own.join(' ')} }`;
  });
  const { status, said, made } = compile(fragments);
  expect([status, said]).toEqual([0, '']);
  expect(made.filter((file) => file.endsWith('Query.graphql.ts'))).toHaveLength(nodes.length);
});

test('and a fragment that pages through each connection of a node, and of the query', () => {
  const paged = nodes.flatMap((type) =>
    Object.values(type.getFields())
      .filter((field) => isConnection(getNamedType(field.type)))
      .map(({ name }) => ({ type: type.name, name })),
  );
  expect(paged.length).toBeGreaterThan(2);
  const fragments = paged.map(({ type, name }) => {
    const key = `Front_${type}_${name}`;
    return `fragment ${key} on ${type} ${variables} @refetchable(queryName: "Front${type}${name}Query") {
      ${name}(first: $count, after: $cursor) @connection(key: "${key}") { edges { node { id } } } }`;
  });
  const roots = Object.values(schema.getQueryType()?.getFields() ?? {}).filter(
    (field) => isConnection(getNamedType(field.type)) && !field.args.some(isRequiredArgument),
  );
  const operations = roots.map(
    ({ name }) =>
      `query Front${name}Query { ${name}(first: 10) @connection(key: "Front_${name}") { edges { node { id } } } }`,
  );
  const { status, said } = compile([...fragments, ...operations]);
  expect([status, said]).toEqual([0, '']);
});

test('every nested connection takes all four arguments', () => {
  const fields = Object.values(schema.getTypeMap())
    .filter(isObjectType)
    .flatMap((type) => Object.values(type.getFields()).map((field) => ({ type, field })))
    .filter(({ field }) => isConnection(getNamedType(field.type)));
  expect(fields.length).toBeGreaterThan(8);
  for (const { type, field } of fields) {
    const names = field.args.map(({ name }) => name);
    expect([`${type.name}.${field.name}`, names]).toEqual([
      `${type.name}.${field.name}`,
      expect.arrayContaining(['first', 'after', 'last', 'before']),
    ]);
  }
});
