import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Node loads graphql's CommonJS build for every library; Vite would take the other one for ours, and there must be only one.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup/database.ts'],
    // A file has a database of its own in memory; a process of its own frees it.
    pool: 'forks',
    maxWorkers: 2,
    // Long: a machine that does much else meanwhile must not fail a test.
    testTimeout: 90_000,
    hookTimeout: 120_000,
    // CI's machine is shared: a test that fails there runs once more, and the report counts its repetition.
    retry: process.env['CI'] === 'true' ? 1 : 0,
  },
});
