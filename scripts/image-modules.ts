/**
 * Copies what the built service loads from node_modules in production, on PostgreSQL: the files of dist hold the rest.
 * The licences of all that production is made of go into one file: tsx scripts/image-modules.ts FOLDER
 */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

/** Packages whose files the service serves, instead of importing them. */
export const served = ['swagger-ui-dist'];
/** The embedded database, which production refuses to start on. */
const embedded = /^@electric-sql\//;
/** What only compilers and people read, and a second form of what is imported. */
const notLoaded = /\.(map|md|d\.[cm]?ts|c?ts|tsbuildinfo)$|^node_modules\/@graphql-yoga\/render-graphiql\/cjs$/;

const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const namesIn = (file: string, ...kinds: string[]) => kinds.flatMap((kind) => Object.keys(read(file)[kind] ?? {}));

/** Returns the names of the packages that the built files import, without the embedded database. */
export function importedPackages(): string[] {
  const specifiers: string[] = read('dist/imports.json');
  const names = specifiers.map((specifier) => specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/'));
  return [...new Set(names)].filter((name) => !embedded.test(name));
}

/**
 * Returns the folders of these packages and of all that they need, as Node finds them. What is not installed is left
 * out: it is optional, or for another platform.
 */
export function neededFolders(names: readonly string[], root = '.'): string[] {
  const found = new Set<string>();
  const add = (name: string, user: string) => {
    for (let at = user; ; at = at.slice(0, Math.max(at.lastIndexOf('/node_modules/'), 0))) {
      const folder = `${at && `${at}/`}node_modules/${name}`;
      if (existsSync(`${root}/${folder}/package.json`)) {
        if (found.has(folder)) return;
        found.add(folder);
        const needs = namesIn(`${root}/${folder}/package.json`, 'dependencies', 'optionalDependencies');
        for (const need of needs) add(need, folder);
        return;
      }
      if (at === '') return;
    }
  };
  for (const name of names) add(name, '');
  return [...found].sort();
}

/** Returns the licences of packages, each below the package's name. */
function licencesOf(folders: readonly string[]): string {
  return folders
    .map((folder) => {
      const { name, version, license } = read(`${folder}/package.json`);
      const files = readdirSync(folder, { withFileTypes: true }).filter(
        (entry) => entry.isFile() && /^(licen[cs]e|notice|copying)/i.test(entry.name),
      );
      const texts = files.map((file) => readFileSync(`${folder}/${file.name}`, 'utf8').trim());
      return [`=== ${name} ${version} (${license ?? 'see below'})`, ...texts].join('\n\n');
    })
    .join('\n\n');
}

/** Copies the packages into a folder's node_modules, and writes the licences beside it. */
export function writeModules(target: string): void {
  for (const folder of neededFolders([...importedPackages(), ...served]))
    cpSync(folder, `${target}/${folder}`, {
      recursive: true,
      filter: (path) => !notLoaded.test(path) && !path.slice(folder.length).includes('/node_modules'),
    });
  const production = ['package.json', 'console/package.json'].flatMap((file) => namesIn(file, 'dependencies'));
  writeFileSync(`${target}/licences.txt`, `${licencesOf(neededFolders(production))}\n`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeModules(process.argv[2] ?? 'image');
