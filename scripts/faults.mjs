/**
 * Random faults of the database's connections, for long: every acknowledged write must be there afterwards, once.
 *
 *   DATABASE_URL=… npm run faults -- --minutes 60 [--seed 7]
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '60' }, seed: { type: 'string' } } });
if (!process.env.DATABASE_URL) {
  console.error('DATABASE_URL is needed: the server on which a database is made for the run.');
  process.exit(1);
}
const { status } = spawnSync('npx', ['vitest', 'run', 'test/faults/schedule.test.ts', '--disable-console-intercept'], {
  stdio: 'inherit',
  env: { ...process.env, FAULT_MINUTES: values.minutes, ...(values.seed && { FAULT_SEED: values.seed }) },
});
process.exit(status ?? 1);
