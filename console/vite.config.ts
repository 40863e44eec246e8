import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { minifyIntrospectionQuery } from '@urql/introspection';
import react from '@vitejs/plugin-react';
import {
  buildSchema,
  type GraphQLSchema,
  introspectionFromSchema,
  parse,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { defineConfig, type Plugin } from 'vite';

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const outDir = folder('../dist/console');
const documentsFile = folder('src/graph/generated/persisted-documents.json');
const documentTexts = () => JSON.parse(readFileSync(documentsFile, 'utf8')) as Record<string, string>;

/** `virtual:schema`: what the client's cache has to know of the schema, without the fields that no document reads. */
function schema(): Plugin {
  return {
    name: 'schema',
    resolveId: (id) => (id === 'virtual:schema' ? '\0schema' : null),
    load(id) {
      if (id !== '\0schema') return null;
      const whole = buildSchema(readFileSync(folder('../schema.graphql'), 'utf8'));
      const read = fieldsRead(whole, Object.values(documentTexts()));
      const { __schema } = minifyIntrospectionQuery(introspectionFromSchema(whole) as never);
      const types = __schema.types.map((type) => {
        if (type.kind !== 'OBJECT') return type;
        const named = [type.name, ...type.interfaces.map(({ name }) => name)];
        return { ...type, fields: type.fields.filter(({ name }) => named.some((of) => read.has(`${of}.${name}`))) };
      });
      // A browser reads JSON sooner than the same as a literal of JavaScript.
      const json = JSON.stringify({ __schema: { ...__schema, types } });
      return `export default JSON.parse(${JSON.stringify(json)})`;
    },
  };
}

/** The fields that documents read, as `Type.field`. */
function fieldsRead(whole: GraphQLSchema, texts: string[]): Set<string> {
  const read = new Set<string>();
  const info = new TypeInfo(whole);
  const note = () => read.add(`${info.getParentType()}.${info.getFieldDef()?.name}`);
  for (const text of texts) visit(parse(text), visitWithTypeInfo(info, { Field: note }));
  return read;
}

/**
 * Makes a module of each document, so that a page loads those that it sends and no others. A fragment is read by its
 * type alone, and its document is sent within others.
 */
function documents(): Plugin {
  const file = folder('src/graph/generated/graphql.ts');
  const modules = new Map<string, string>();
  return {
    name: 'documents',
    apply: 'build',
    buildStart() {
      for (const [hash, text] of Object.entries(documentTexts())) {
        const document = { __meta__: { hash }, ...parse(text, { noLocation: true }) };
        for (const definition of document.definitions) {
          const name = 'name' in definition ? definition.name?.value : undefined;
          if (definition.kind === 'FragmentDefinition') modules.set(`${name}FragmentDoc`, '{}');
          else
            modules.set(`${name}Document`, `/* @__PURE__ */ JSON.parse(${JSON.stringify(JSON.stringify(document))})`);
        }
      }
    },
    load(id) {
      if (id === file)
        return [...modules.keys()].map((name) => `export { ${name} } from '${file}?${name}';`).join('\n');
      const name = id.startsWith(`${file}?`) ? id.slice(file.length + 1) : '';
      const code = modules.get(name);
      return code ? { code: `export const ${name} = ${code};`, moduleSideEffects: false } : null;
    },
  };
}

/** The documents that the service is to trust, by their hashes. No page reads the file. */
function trustedDocuments(): Plugin {
  return {
    name: 'trusted-documents',
    apply: 'build',
    generateBundle() {
      const source = readFileSync(documentsFile, 'utf8');
      this.emitFile({ type: 'asset', fileName: 'trusted-documents.json', source });
    },
  };
}

/** Lets the first script begin before the others have come. It is a file of its own, which they import. */
function begins(): Plugin {
  return {
    name: 'begins',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle }) {
        const begin = Object.values(bundle ?? {}).find(({ fileName }) => /\/begin-[^/]*\.js$/.test(fileName));
        if (!begin) throw new Error('The build has no first script.');
        const src = `/${begin.fileName}`;
        // Behind the settings, which are written at the end of the head. An asynchronous script waits for no style.
        const attrs = { type: 'module', async: true, crossorigin: true, src };
        return [{ tag: 'script', attrs, injectTo: 'body-prepend' }];
      },
    },
  };
}

/** Writes each asset compressed as well, so that the service sends it as it is. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    closeBundle() {
      for (const name of readdirSync(join(outDir, 'assets')).filter((file) => /\.(js|css|svg)$/.test(file))) {
        const file = join(outDir, 'assets', name);
        const content = readFileSync(file);
        writeFileSync(`${file}.br`, brotliCompressSync(content));
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

/** A running service's settings, so that `npm run dev` is signed in as well. */
function settingsOf(service: string): Plugin {
  return {
    name: 'settings',
    apply: 'serve',
    async transformIndexHtml(html) {
      const page = await fetch(service, { headers: { accept: 'text/html' } }).then((response) => response.text());
      const settings = /<script type="application\/json" id="settings">.*?<\/script>/.exec(page)?.[0] ?? '';
      return html.replace('</head>', () => `${settings}</head>`);
    },
  };
}

const service = 'http://localhost:4000';

export default defineConfig({
  root: folder('.'),
  plugins: [react(), schema(), documents(), begins(), trustedDocuments(), compressed(), settingsOf(service)],
  server: { port: 4100, proxy: { '/graphql': service, '/files': service } },
  build: {
    outDir,
    emptyOutDir: true,
    // What the first script needs is one file, and what every page needs another: each file costs a slow machine time.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'begin', test: /console\/src\/begin\.ts$/, priority: 2 },
            { name: 'main', test: /console\/src\/main\.tsx$/, priority: 1 },
          ],
        },
      },
    },
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
  },
});
