import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import pg from 'pg';

/** CPU time in milliseconds, of those who share the work; null where it cannot be told. */
export type CpuTime = {
  server: number | null;
  generator: number | null;
  database: DatabaseTime;
  machine: number | null;
};

/** What each used between two readings; `others` is all that ran on the machine besides. */
export type CpuUse = {
  server: number | null;
  generator: number | null;
  database: number | null;
  others: number | null;
};

/** By process id of PostgreSQL. */
type DatabaseTime = ReadonlyMap<number, number> | null;

/** Reads how much CPU time the processes have had. */
export interface CpuClock {
  read(serverPid: number): Promise<CpuTime>;
  close(): Promise<void>;
}

const ticksPerSecond = (() => {
  try {
    return Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) || 100;
  } catch {
    return 100;
  }
})();

/** A process's own time, and that of its children that have ended, from Linux's /proc. */
function timesOf(pid: number | 'self'): { own: number; children: number } | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const milliseconds = (first: number) =>
      ((Number(fields[first]) + Number(fields[first + 1])) * 1_000) / ticksPerSecond;
    return { own: milliseconds(11), children: milliseconds(13) };
  } catch {
    return null;
  }
}

/** All the time that the machine's cores were busy, and not idle or waiting for a disk. */
function machineTime(): number | null {
  try {
    const [first = ''] = readFileSync('/proc/stat', 'utf8').split('\n', 1);
    const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = first.split(/\s+/).slice(1).map(Number);
    return ((user + nice + system + irq + softirq) * 1_000) / ticksPerSecond;
  } catch {
    return null;
  }
}

const isPostgres = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres');
  } catch {
    return false;
  }
};

/**
 * The clock for contenders on that database. The database's time is that of its sessions: writing to disk in the
 * background is nobody's.
 */
export async function createCpuClock(databaseUrl: string): Promise<CpuClock> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const sameMachine = rows[0] !== undefined && isPostgres(rows[0].pid);

  async function database(): Promise<DatabaseTime> {
    if (!sameMachine) return null;
    const sessions = await client.query<{ pid: number }>(
      'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    return new Map(sessions.rows.map(({ pid }) => [pid, timesOf(pid)?.own ?? 0]));
  }

  return {
    // The generator is the one child that ends between two readings.
    read: async (serverPid) => ({
      server: timesOf(serverPid)?.own ?? null,
      generator: timesOf('self')?.children ?? null,
      database: await database(),
      machine: machineTime(),
    }),
    close: () => client.end(),
  };
}

const minus = (after: number | null, before: number | null) =>
  after === null || before === null ? null : after - before;

/** What sessions have used, those that began meanwhile included. */
function sinceThen(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [pid, time] of after) sum += time - (before.get(pid) ?? 0);
  return sum;
}

/** What each has used between two readings, in milliseconds. */
export function used(before: CpuTime, after: CpuTime): CpuUse {
  const database = before.database && after.database ? sinceThen(before.database, after.database) : null;
  const server = minus(after.server, before.server);
  const generator = minus(after.generator, before.generator);
  const machine = minus(after.machine, before.machine);
  const accounted = server !== null && generator !== null && database !== null && machine !== null;
  return {
    server,
    generator,
    database,
    others: accounted ? Math.max(0, machine - server - generator - database) : null,
  };
}

/**
 * Waits until a server and its database sessions have nothing to do in the background, ten minutes at the most. After
 * data is loaded, the service computes keys and finds duplicates: that is no part of a request.
 */
export async function untilIdle(serverPid: number, databaseUrl: string): Promise<void> {
  const clock = await createCpuClock(databaseUrl);
  try {
    const deadline = performance.now() + 600_000;
    for (let before = await clock.read(serverPid); performance.now() < deadline; ) {
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      const now = await clock.read(serverPid);
      const { server, database } = used(before, now);
      if ((server ?? 0) + (database ?? 0) < idle) return;
      before = now;
    }
  } finally {
    await clock.close();
  }
}
/** Milliseconds of CPU in two seconds. A profiler alone takes a hundred. */
const idle = 300;
