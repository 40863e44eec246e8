import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: at('.'),
  resolve: { alias: { '@rollcall/client': at('../src/index.ts') } },
  // The service lets the pages call it where it was started with CORS_ORIGINS=http://localhost:4200.
  server: { port: 4200, strictPort: true },
  build: {
    target: 'es2022',
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 800,
    rolldownOptions: {
      input: { index: at('index.html'), urql: at('urql/index.html'), apollo: at('apollo/index.html') },
    },
  },
});
