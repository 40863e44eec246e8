import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const lock = 'dist/build.lock';

/** Builds the pages for operators unless they are as their sources are now. */
export const buildConsole = (): Promise<void> =>
  buildOnce(
    'dist/console/trusted-documents.json',
    [...filesBelow('console/src'), 'console/vite.config.ts', 'console/index.html', 'schema.graphql'],
    ['npx', 'vite', 'build', 'console', '--logLevel', 'error'],
  );

/**
 * Builds the service unless it is as its sources are now. Returns the path of an entry, as in `main` or
 * `commands/import`. Processes of tests start what is deployed, which takes a third of the time of the sources.
 */
export async function builtEntry(name: string): Promise<string> {
  await buildOnce('dist/main.js', [...filesBelow('src'), 'scripts/build.mjs'], [process.execPath, 'scripts/build.mjs']);
  return `dist/${name}.js`;
}

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true }).map((name) => `${folder}/${name}`);

/** Test files that run beside each other build something once. */
async function buildOnce(built: string, sources: readonly string[], [command, ...args]: [string, ...string[]]) {
  mkdirSync('dist', { recursive: true });
  while (!locked()) await sleep(100);
  try {
    const since = statSync(built, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (since >= Math.max(...sources.map((file) => statSync(file).mtimeMs))) return;
    execFileSync(command, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      // The build that people get, not that of tests.
      env: { ...process.env, NODE_ENV: 'production' },
    });
  } finally {
    rmdirSync(lock);
  }
}

/** A lock that was left by a process that ended is older than any build takes. */
function locked(): boolean {
  const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
  if (since !== undefined && Date.now() - since > 60_000) rmdirSync(lock);
  try {
    mkdirSync(lock);
    return true;
  } catch {
    return false;
  }
}
