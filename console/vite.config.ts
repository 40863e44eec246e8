import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { minifyIntrospectionQuery } from '@urql/introspection';
import react from '@vitejs/plugin-react';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { defineConfig, type Plugin } from 'vite';

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const outDir = folder('../dist/console');

/** `virtual:schema`: what the client's cache has to know of the schema. */
function schema(): Plugin {
  return {
    name: 'schema',
    resolveId: (id) => (id === 'virtual:schema' ? '\0schema' : null),
    load(id) {
      if (id !== '\0schema') return null;
      const types = introspectionFromSchema(buildSchema(readFileSync(folder('../schema.graphql'), 'utf8')));
      return `export default ${JSON.stringify(minifyIntrospectionQuery(types as never))}`;
    },
  };
}

/** The documents that the service is to trust, by their hashes. No page reads the file. */
function trustedDocuments(): Plugin {
  return {
    name: 'trusted-documents',
    apply: 'build',
    generateBundle() {
      const source = readFileSync(folder('src/graph/generated/persisted-documents.json'), 'utf8');
      this.emitFile({ type: 'asset', fileName: 'trusted-documents.json', source });
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
  plugins: [react(), schema(), trustedDocuments(), compressed(), settingsOf(service)],
  server: { port: 4100, proxy: { '/graphql': service, '/files': service } },
  build: {
    outDir,
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
  },
});
