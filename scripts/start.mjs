/** Starts the service: what was built, which starts sooner, or the sources when they are newer. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

function newest(folder) {
  return Math.max(
    ...readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs;
    }),
  );
}

const built = statSync('dist/main.js', { throwIfNoEntry: false });
if (built && built.mtimeMs >= newest('src')) {
  await import('../dist/main.js');
} else {
  await import('tsx');
  await import('../src/main.ts');
}
