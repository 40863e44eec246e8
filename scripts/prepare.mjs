/** Runs after an installation: generates Prisma's client and, where the compiler is installed, builds, so that the first start is a quick one. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';

const run = (command) => {
  const { status } = spawnSync(command, { shell: true, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
};

run('prisma generate');
try {
  createRequire(import.meta.url).resolve('typescript');
} catch {
  // An installation without development packages has been built before, or is not to be run.
  process.exit(0);
}
run('npm run --silent build');
