/**
 * Builds the service: the entries of src, with all that they import, as a few files below dist. A process that loads 50
 * files instead of 2,300 starts with half the CPU time, and keeps less memory.
 */
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire, isBuiltin } from 'node:module';
import { build } from 'rolldown';

const entries = ['main', 'commands/import', 'commands/migrate', 'commands/print-token', 'commands/tenant'];
const graphql = createRequire(import.meta.url).resolve('graphql');
/**
 * Prisma's client keeps the edges of each of its 1,300 input types in an object that has numbers of up to a thousand as
 * keys. For those V8 keeps an array of a thousand places: 12 MB in all. With one far key it keeps a small table.
 */
function sparseEdges() {
  const edges = /(?<=,o=\{)(?=\};for\(let s=0;s<i;s\+\+\)\{let a=this\.#i\(\),)/g;
  let found = 0;
  return {
    name: 'sparse-edges',
    transform: {
      filter: { id: /@prisma\/client\/runtime\/client\.m?js$/ },
      handler(code) {
        found += code.match(edges)?.length ?? 0;
        return { code: code.replace(edges, '4294967294:0'), map: null };
      },
    },
    buildEnd(error) {
      if (!error && found !== 2) throw new Error("Prisma's client has changed: see sparseEdges in scripts/build.mjs");
    },
  };
}

rmSync('dist/chunks', { recursive: true, force: true });
const { output } = await build({
  input: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  platform: 'node',
  // What has binaries or pages of its own, and what an SDK that is loaded before the service shares with it.
  external: [/^sharp$/, /^@electric-sql\//, /^@graphql-yoga\/render-graphiql$/, /^@opentelemetry\/api$/],
  plugins: [
    // Packages ask for either of its two builds, and there must be only one.
    { name: 'one-graphql', resolveId: (id) => (id === 'graphql' ? graphql : null) },
    sparseEdges(),
  ],
  output: {
    dir: 'dist',
    format: 'esm',
    // As deep as the modules of src, so that their paths to files of the project are right in both.
    chunkFileNames: 'chunks/[name]-[hash].js',
    minify: 'dce-only',
    sourcemap: true,
  },
});
// What an image has to bring beside these files.
const made = new Set(output.map(({ fileName }) => fileName));
const imported = output.flatMap(({ imports = [], dynamicImports = [] }) => [...imports, ...dynamicImports]);
const outside = [...new Set(imported)].filter((specifier) => !made.has(specifier) && !isBuiltin(specifier));
writeFileSync('dist/imports.json', `${JSON.stringify(outside.sort())}\n`);
// The agents' tools read their documents from beside their module.
cpSync('src/mcp/documents', 'dist/chunks/documents', { recursive: true });
