import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** Replace modules for the whole process, measure its memory, or look at what it keeps. */
const alone = [
  'test/database/plans.test.ts',
  'test/docs/adding-a-provider.test.ts',
  'test/database/many-lists.test.ts',
  'test/database/of-one-tenant.test.ts',
  'test/events/streams.test.ts',
  'test/graph/parts.test.ts',
  'test/http/closed.test.ts',
  'test/operations/caches.test.ts',
];
/** In a browser, and so the same on any database. */
const screens = 'test/console/**/*.test.ts';

// To load the service takes seconds, so the files that a process runs share what one has loaded.
const project = (name: string, include: string[], { exclude = [] as string[], isolate = false } = {}) =>
  ({
    // Node loads graphql's CommonJS build for every library; Vite would take the other one for ours, and there must be only one.
    resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
    test: {
      name,
      include,
      exclude,
      isolate,
      pool: 'forks',
      // Long: a machine that does much else meanwhile must not fail a test.
      testTimeout: 90_000,
      hookTimeout: 120_000,
      // CI's machine is shared: a test that fails there runs once more, and the report counts its repetition.
      retry: process.env['CI'] === 'true' ? 1 : 0,
    },
  }) satisfies TestProjectInlineConfiguration;

export default defineConfig({
  // What the set-up provides, all projects have.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    globalSetup: ['test/setup/database.ts'],
    maxWorkers: 2,
    projects: [
      project('service', ['test/**/*.test.ts'], { exclude: [...alone, screens] }),
      project('alone', alone, { isolate: true }),
      project('screens', [screens]),
    ],
  },
});
