import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.includes('generated/'),
);

/**
 * What a file imports: of ours by its path below src, of libraries by their names; types too unless only `values` are
 * asked for.
 */
function importsOf(file: string, values = false): { own: string[]; libraries: string[] } {
  const whole = readFileSync(join('src', file), 'utf8');
  const source = values ? whole.replaceAll(/import type [^;]*;/g, '') : whole;
  const names = [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name as string);
  return {
    own: names.filter((name) => name.startsWith('.')).map((name) => normalize(join(dirname(file), name))),
    libraries: names.filter((name) => !name.startsWith('.') && !name.startsWith('node:')),
  };
}

const isGraph = (file: string) => file.startsWith('schema/') || file.startsWith('operations/');
const isMcp = (file: string) => file.startsWith('mcp/');
const isOutside = (file: string) =>
  ['app.ts', 'main.ts'].includes(file) || file.startsWith('http/') || isMcp(file) || file.startsWith('composition/');
const isComposition = (file: string) => file === 'app.ts' || file.startsWith('composition/');
const isRest = (file: string) => file.startsWith('rest/');
const isCommand = (file: string) => file.startsWith('commands/');
const implementations = [
  'database/postgres.ts',
  'database/embedded.ts',
  'events/bus.ts',
  'avatars/sources/slack.ts',
  'integrations/webhooks/slack.ts',
  'integrations/webhooks/telegram.ts',
  'integrations/webhooks/generic.ts',
  'avatars/sources/teams.ts',
  'avatars/sources/telegram.ts',
  'avatars/sources/discord.ts',
  'avatars/sources/gravatar.ts',
  'demo/pictures.ts',
  'integrations/oauth/slack.ts',
  'integrations/oauth/teams.ts',
  'storage/storage.ts',
  'storage/s3.ts',
  'egress/download.ts',
];

/** Everything that is not allowed, as "importer → imported". */
function violations(allowed: (importer: string, imported: string) => boolean, values = false): string[] {
  return files.flatMap((file) => {
    const { own, libraries } = importsOf(file, values);
    return [...own, ...libraries]
      .filter((imported) => !allowed(file, imported))
      .map((imported) => `${file} → ${imported}`);
  });
}

test('there are files to look at', () => {
  expect(files.length).toBeGreaterThan(50);
  expect(importsOf('composition/graph.ts').own).toContain('schema/schema.ts');
});

test('rules know nothing of GraphQL', () => {
  const graphLibrary = /^(graphql|@pothos|@graphql-yoga|graphql-)/;
  expect(
    violations(
      (importer, imported) =>
        isGraph(importer) || isOutside(importer) || !(graphLibrary.test(imported) || isGraph(imported)),
    ),
  ).toEqual([]);
});

test('rules know nothing of the REST faces, and these nothing of the graph', () => {
  const graphLibrary = /^(graphql|@pothos|@graphql-yoga|graphql-)/;
  expect(
    violations((importer, imported) =>
      isRest(importer)
        ? !(graphLibrary.test(imported) || isGraph(imported))
        : isComposition(importer) || !(isRest(imported) || imported === 'find-my-way'),
    ),
  ).toEqual([]);
});

test.each([
  ['the REST faces', isRest, /^import .*\/rest\//m],
  ['the agents’ tools', isMcp, /^import .*(\/mcp\/|'@modelcontextprotocol\/)/m],
])('%s are loaded with the first request to one of them', (_, isPart, imports) => {
  const atTheStart = files.flatMap((file) => {
    const source = readFileSync(join('src', file), 'utf8').replaceAll(/import type [^;]*;/g, '');
    return isPart(file) || !imports.test(source) ? [] : [file];
  });
  expect(atTheStart).toEqual([]);
});

test('only app.ts with its compositions, and the commands, know implementations', () => {
  expect(
    violations(
      (importer, imported) =>
        isComposition(importer) ||
        isCommand(importer) ||
        implementations.includes(importer) ||
        !implementations.includes(imported),
      true,
    ),
  ).toEqual([]);
});

test('only app.ts knows the compositions', () => {
  expect(
    violations(
      (importer, imported) =>
        isComposition(importer) || !isComposition(imported) || importer === 'main.ts' || isCommand(importer),
    ),
  ).toEqual([]);
});

test('the database knows no feature', () => {
  const grounds = /^(database|errors|events)\//;
  expect(
    violations(
      (importer, imported) =>
        !importer.startsWith('database/') ||
        !/^[a-z-]+(\/|\.ts$)/.test(imported) ||
        !imported.endsWith('.ts') ||
        grounds.test(imported),
    ),
  ).toEqual([]);
});

test('only config.ts, and the programs’ entrances, read the environment', () => {
  const readers = files.filter((file) => /process\.env/.test(readFileSync(join('src', file), 'utf8')));
  expect(readers.sort()).toEqual([
    'commands/import.ts',
    'commands/migrate.ts',
    'commands/print-token.ts',
    'commands/tenant.ts',
    'main.ts',
  ]);
});

test('there are no barrels', () => {
  expect(files.filter((file) => /(^|\/)index\.ts$/.test(file))).toEqual([]);
});

/** The folder of a file, or the file itself where it lies in none. */
const folderOf = (file: string) => file.split('/')[0] as string;

test('folders import each other in one direction', () => {
  const imports = new Map<string, Set<string>>();
  for (const file of files) {
    const targets = importsOf(file, true).own.filter((target) => target.endsWith('.ts'));
    for (const to of targets.map(folderOf).filter((folder) => folder !== folderOf(file)))
      imports.set(folderOf(file), (imports.get(folderOf(file)) ?? new Set()).add(to));
  }
  // Folders that import nothing of those that are left are taken away; what is never taken away lies on a cycle.
  const left = new Set(files.map(folderOf));
  const free = () => [...left].filter((folder) => ![...(imports.get(folder) ?? [])].some((to) => left.has(to)));
  for (let next = free(); next.length > 0; next = free()) for (const folder of next) left.delete(folder);
  expect([...left]).toEqual([]);
});
