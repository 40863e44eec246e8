import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmdirSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** CI installs Chromium. Elsewhere the tests of pages are skipped where it is not installed. */
export const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
  existsSync,
);

const lock = 'dist/console.lock';

/** Builds the console unless it is as its sources are now. Test files that run beside each other build it once. */
export async function buildConsole(): Promise<void> {
  mkdirSync('dist', { recursive: true });
  while (!locked()) await sleep(100);
  try {
    const built = statSync('dist/console/trusted-documents.json', { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const sources = readdirSync('console/src', { recursive: true }).map((name) => `console/src/${name}`);
    const all = [...sources, 'console/vite.config.ts', 'console/index.html', 'schema.graphql'];
    if (built >= Math.max(...all.map((file) => statSync(file).mtimeMs))) return;
    execFileSync('npx', ['vite', 'build', 'console', '--logLevel', 'error'], {
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

export function launch(): Promise<Browser> {
  if (!executablePath) throw new Error('Chromium is not installed.');
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}

/** Opens a page in a context of its own, and notes what goes wrong in it: errors, and what its policy forbids. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; faults: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults };
}
