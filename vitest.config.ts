import { defineConfig } from 'vitest/config';

/** Replace modules for the whole process, or measure its memory. */
const alone = [
  'test/database/plans.test.ts',
  'test/docs/adding-a-provider.test.ts',
  'test/events/streams.test.ts',
  'test/operations/caches.test.ts',
  'test/transfer/memory.test.ts',
];

/** In a browser, and so the same on any database. */
const screens = 'test/console/**/*.test.ts';

export default defineConfig({
  // Node loads graphql's CommonJS build for every library; Vite would take the other one for ours, and there must be only one.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    globalSetup: ['test/setup/database.ts'],
    pool: 'forks',
    maxWorkers: 2,
    // Long: a machine that does much else meanwhile must not fail a test.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // CI's machine is shared: a test that fails there runs once more, and the report counts its repetition.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    projects: [
      // To load the service takes seconds, so the files that a process runs share what one has loaded.
      {
        extends: true,
        test: { name: 'service', include: ['test/**/*.test.ts'], exclude: [...alone, screens], isolate: false },
      },
      { extends: true, test: { name: 'alone', include: alone } },
      { extends: true, test: { name: 'screens', include: [screens], isolate: false } },
    ],
  },
});
