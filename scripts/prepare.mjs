/**
 * Runs after an installation. Generates Prisma's client, and builds, so that the first start is quick. Without the
 * development packages there is no compiler: then an earlier build stays as it is, and without one `npm start` runs the
 * sources.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

const run = (command) => {
  const { status } = spawnSync(command, { shell: true, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

run('prisma generate');
// Some of them may be there because another package needs them, so all are looked for.
const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
if (Object.keys(devDependencies).every((name) => existsSync(`node_modules/${name}`))) run('npm run --silent build');
else if (!existsSync('dist/main.js'))
  console.log('Not built: the compiler is a development package. `npm start` runs the sources.');
