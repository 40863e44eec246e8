import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';
import type { MetricsAnswer, MetricsQuestion } from './http/metrics.ts';

/** A process that ended sooner after its start, or before it served, has failed to start. The next one waits longer. */
const earlyMs = 5_000;
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;
/** The exit code of a process that an operator must help to start (`EX_CONFIG` of sysexits.h). */
const obstacleExitCode = 78;

/** What a process tells its parent: that it serves, or asks to be told when no process does. */
type StateMessage = { state: 'serving' | 'starting' };
type NobodyServes = { nobodyServes: true };

/**
 * Runs several processes of the service behind one port. A process that ends by itself is replaced, after pauses that
 * grow while processes fail to start. The first serves before the others start, because it migrates the database.
 * Returns the exit code once no process is left: after a stop, or when the only process says that it cannot start.
 */
export function runProcesses(count: number, log: Logger): Promise<number> {
  const metrics = new AggregatorRegistry();
  const startedAt = new Map<Worker, number>();
  const serving = new Set<Worker>();
  const starting = new Set<Worker>();
  let othersStarted = false;
  let stopping = false;
  let failures = 0;
  let code = 0;

  return new Promise((resolve) => {
    const tellWhetherNobodyServes = () => {
      if (serving.size > 0) return;
      for (const worker of starting)
        if (worker.isConnected()) worker.send({ nobodyServes: true } satisfies NobodyServes);
      starting.clear();
    };
    const hear = (worker: Worker, message: Partial<MetricsQuestion & StateMessage>) => {
      if (message.ask === 'metrics') {
        const answer = (text: string) =>
          worker.isConnected() && worker.send({ id: message.id as number, text } satisfies MetricsAnswer);
        metrics.clusterMetrics().then(answer, () => answer(''));
      } else if (message.state === 'starting') {
        starting.add(worker);
        tellWhetherNobodyServes();
      } else if (message.state === 'serving') {
        starting.delete(worker);
        serving.add(worker);
        if (othersStarted) return;
        othersStarted = true;
        for (let others = 1; others < count; others++) start();
      }
    };
    const start = () => {
      if (stopping) return;
      const worker = cluster.fork();
      startedAt.set(worker, Date.now());
      worker.on('message', (message) => hear(worker, message));
    };
    const stop = (signal: NodeJS.Signals) => {
      stopping = true;
      for (const worker of startedAt.keys()) worker.process.kill(signal);
      if (startedAt.size === 0) resolve(code);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);

    cluster.on('exit', (worker, exitCode, signal) => {
      const livedMs = Date.now() - (startedAt.get(worker) ?? 0);
      const hasServed = serving.delete(worker);
      startedAt.delete(worker);
      starting.delete(worker);
      if (stopping) {
        if (exitCode !== 0) code = 1;
        if (startedAt.size === 0) resolve(code);
        return;
      }
      tellWhetherNobodyServes();
      // The process has said what an operator must do. While others live, the next start may find it done.
      if (exitCode === obstacleExitCode && startedAt.size === 0) return resolve(1);
      failures = hasServed && livedMs >= earlyMs ? 0 : failures + 1;
      const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** Math.min(Math.max(0, failures - 1), 10));
      log.error({ pid: worker.process.pid, exitCode, signal, restartInMs: pauseMs }, 'a process ended by itself');
      setTimeout(start, pauseMs);
    });
    start();
  });
}

/** Returns whether this process has to run the others. */
export const runsOthers = (count: number): boolean => count > 1 && cluster.isPrimary;

/** Returns the exit code that says that an operator must do something before a start can succeed. */
export const cannotStart = (): number => (cluster.isWorker ? obstacleExitCode : 1);

/** Tells the parent process, if any, that this one serves. */
export function saysItServes(): void {
  if (cluster.isWorker) process.send?.({ state: 'serving' } satisfies StateMessage);
}

/**
 * Does the work when no other process serves the port: at once and awaited for a single process, otherwise when the
 * parent says so.
 */
export async function whenNobodyServes(work: () => Promise<void>): Promise<void> {
  if (!cluster.isWorker) return work();
  process.on('message', (message: Partial<NobodyServes>) => {
    // If it fails, the start does the same at its end and fails with that.
    if (message.nobodyServes) work().catch(() => {});
  });
  process.send?.({ state: 'starting' } satisfies StateMessage);
}
