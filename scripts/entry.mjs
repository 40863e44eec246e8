import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Returns when the newest file below a folder was changed. */
export function newest(folder, except = '') {
  return Math.max(
    ...readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => name !== except)
      .map((entry) => {
        const path = join(folder, entry.name);
        return entry.isDirectory() ? newest(path, except) : statSync(path).mtimeMs;
      }),
  );
}

/** Runs a module of src, by its path without an ending: what was built, or the sources where they are newer. */
export async function runEntry(name) {
  const built = statSync(`dist/${name}.js`, { throwIfNoEntry: false });
  if (built && built.mtimeMs >= newest('src')) return import(`../dist/${name}.js`);
  if (!existsSync('node_modules/tsx')) {
    console.error('Not built, and what builds are development packages: run `npm ci`.');
    process.exit(1);
  }
  await import('tsx');
  return import(`../src/${name}.ts`);
}
