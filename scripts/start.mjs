/** Starts the service: what was built, which starts sooner, or the sources when they are newer. */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { newest, runEntry } from './entry.mjs';

/** Builds the pages for operators where they have changed since, or were not built. It takes a few seconds. */
function buildConsole() {
  const page = statSync('dist/console/index.html', { throwIfNoEntry: false });
  const current =
    page && page.mtimeMs >= Math.max(newest('console/src', 'generated'), statSync('schema.graphql').mtimeMs);
  // Without the development packages the last build is served, or none.
  if (current || !existsSync('node_modules/vite')) return;
  const { status } = spawnSync('npm run --silent build:console', { shell: true, stdio: 'inherit' });
  if (status !== 0) console.error('The console was not built: see above. The service starts without the change.');
}

buildConsole();
await runEntry('main');
