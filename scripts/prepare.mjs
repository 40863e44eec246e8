/**
 * Runs after an installation. Generates Prisma's client, and builds, so that the first start is quick. Both need
 * development packages: without them an earlier build stays as it is.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const run = (command) => {
  const { status } = spawnSync(command, { shell: true, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

// Some of them may be there because another package needs them, so all are looked for.
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
if (Object.keys(devDependencies).every((name) => existsSync(`node_modules/${name}`))) {
  run('prisma generate');
  run('npm run --silent build');
} else if (!existsSync('dist/main.js')) {
  console.log('Not built: what builds are development packages. Run `npm ci`, then `npm prune --omit=dev`.');
}
