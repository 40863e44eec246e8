/**
 * Measures what an idle process of the built service keeps, and what its start takes. Linux only.
 *
 * node scripts/idle-memory.mjs [seconds after the start, 25 unless said]
 *
 * On the database that DATABASE_URL names, or else on an embedded one, whose second start is measured.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const idleSeconds = Number(process.argv[2] ?? 25);
const port = 20_000 + (process.pid % 20_000);
const dataDir = mkdtempSync(join(tmpdir(), 'rollcall-memory-'));
const megabytes = (status, name) => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]) / 1_024);

/** Starts the service, and returns what it takes when it has been ready for so long. */
async function measure(seconds) {
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
  const env = { ...process.env, PATH: path, DATA_DIR: dataDir, PORT: String(port), LOG_LEVEL: 'warn' };
  // The shell becomes the service: what runs is what `npm run start:built` runs.
  const server = spawn(scripts['start:built'], { env, stdio: 'inherit', shell: true });
  const exited = new Promise((resolve) => server.once('exit', resolve));
  const asked = () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await asked())) {
    if (server.exitCode !== null) throw new Error('the service does not start');
    await sleep(20);
  }
  const stat = readFileSync(`/proc/${server.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  // The kernel counts in hundredths of a second.
  const startMs = (Number(stat[11]) + Number(stat[12])) * 10;
  await sleep(seconds * 1_000);
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  server.kill('SIGTERM');
  await exited;
  return {
    resident: megabytes(status, 'VmRSS'),
    anonymous: megabytes(status, 'RssAnon'),
    startMs,
  };
}

try {
  await measure(0);
  const { resident, anonymous, startMs } = await measure(idleSeconds);
  console.log(
    `${process.version}: ${resident} MB resident, ${anonymous} MB of it the process's own; start ${startMs} ms of CPU`,
  );
} finally {
  rmSync(dataDir, { recursive: true });
}
