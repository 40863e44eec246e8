import cluster, { type Worker } from 'node:cluster';
import type { Logger } from 'pino';
import { AggregatorRegistry } from 'prom-client';
import type { MetricsAnswer, MetricsQuestion } from './http/metrics.ts';

/** How soon after a process's start its end counts as a failure to start, and how many of those in a row are enough, in milliseconds. */
const early = 5_000;
const mostFailures = 5;
const pause = 1_000;

/**
 * Runs several processes of the service behind one port, and another in the place of each that ends by itself. The first is up before
 * the others start: it migrates the database. A stop is handed on to all. Returns the exit code once none is left.
 */
export function runProcesses(count: number, log: Logger): Promise<number> {
  const metrics = new AggregatorRegistry();
  const startedAt = new Map<Worker, number>();
  let stopping = false;
  let failures = 0;
  let code = 0;

  return new Promise((resolve) => {
    const start = () => {
      if (stopping) return;
      const worker = cluster.fork();
      startedAt.set(worker, Date.now());
      worker.on('message', (message: Partial<MetricsQuestion>) => {
        if (message.ask !== 'metrics') return;
        const answer = (text: string) =>
          worker.isConnected() && worker.send({ id: message.id as number, text } satisfies MetricsAnswer);
        metrics.clusterMetrics().then(answer, () => answer(''));
      });
    };
    const stop = (signal: NodeJS.Signals) => {
      stopping = true;
      for (const worker of startedAt.keys()) worker.process.kill(signal);
      if (startedAt.size === 0) resolve(code);
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);

    cluster.once('listening', () => {
      for (let others = 1; others < count; others++) start();
    });
    cluster.on('exit', (worker, exitCode, signal) => {
      const lived = Date.now() - (startedAt.get(worker) ?? 0);
      startedAt.delete(worker);
      if (stopping) {
        if (exitCode !== 0) code = 1;
        if (startedAt.size === 0) resolve(code);
        return;
      }
      log.error({ pid: worker.process.pid, exitCode, signal }, 'a process ended by itself');
      failures = lived < early ? failures + 1 : 0;
      if (failures < mostFailures) setTimeout(start, pause);
      else {
        code = 1;
        stop('SIGTERM');
      }
    });
    start();
  });
}

/** Whether this process is the one that is to run the others. */
export const runsOthers = (count: number): boolean => count > 1 && cluster.isPrimary;
