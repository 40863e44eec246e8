import cluster from 'node:cluster';
import type { ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Readiness } from './readiness.ts';
import type { ServerContext } from './yoga.ts';

/** How long the counts of jobs are reused: frequent scrapes do not count each time. */
const jobsFreshMs = 10_000;

/** Metrics of the process and its requests, for Prometheus. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const duration = new Histogram({
    name: 'rollcall_http_request_duration_seconds',
    help: 'How long HTTP requests took, by status.',
    labelNames: ['status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const errors = new Counter({
    name: 'rollcall_graphql_errors_total',
    help: 'Errors in GraphQL results, by code.',
    labelNames: ['code'],
    registers: [registry],
  });

  const rest = new Counter({
    name: 'rollcall_rest_requests_total',
    help: 'Requests to the REST faces, by operation and status.',
    labelNames: ['operation', 'status'],
    registers: [registry],
  });
  const deliveries = new Counter({
    name: 'rollcall_webhook_deliveries_total',
    help: 'Requests to webhooks, by what came of them.',
    labelNames: ['outcome'],
    registers: [registry],
  });

  /** Checks with each scrape whether every part can be used. */
  const watchParts = (readiness: () => Promise<Readiness>) =>
    new Gauge({
      name: 'rollcall_part_available',
      help: '1 for a part of the service that can be used, 0 for one that cannot, as /readyz says.',
      labelNames: ['part'],
      // Of several processes the slowest one counts.
      aggregator: 'min',
      registers: [registry],
      async collect() {
        const { parts } = await readiness();
        for (const [part, fault] of Object.entries(parts)) this.set({ part }, fault === null ? 1 : 0);
      },
    });
  /** Measures which server answers reads, and how far the standby lags. */
  const watchStandby = (reads: { counts: Readonly<Record<'standby' | 'primary', number>>; lagMs: number }) => {
    const told = { standby: 0, primary: 0 };
    new Counter({
      name: 'rollcall_lagging_reads_total',
      help: 'Statements of reads that may lag, by the server that answered.',
      labelNames: ['server'],
      registers: [registry],
      collect() {
        for (const server of ['standby', 'primary'] as const) {
          this.inc({ server }, reads.counts[server] - told[server]);
          told[server] = reads.counts[server];
        }
      },
    });
    new Gauge({
      name: 'rollcall_standby_lag_seconds',
      help: 'For how long the standby has not replayed what the primary had. 0 when it has, or is away.',
      aggregator: 'max',
      registers: [registry],
      collect() {
        this.set(reads.lagMs / 1_000);
      },
    });
  };
  /** Measures how many avatar jobs there are, at most every ten seconds. Nothing while they cannot be counted. */
  const watchJobs = (count: () => Promise<Record<string, number>>) => {
    let until = 0;
    return new Gauge({
      name: 'rollcall_avatar_jobs',
      help: 'Avatar jobs of all tenants: due (for a worker to take), waiting (for a provider or a pause to end), running. Each replica counts all of them.',
      labelNames: ['state'],
      aggregator: 'max',
      registers: [registry],
      async collect() {
        if (performance.now() < until) return;
        until = performance.now() + jobsFreshMs;
        const counts = await count().catch(() => null);
        this.reset();
        for (const [state, jobs] of Object.entries(counts ?? {})) this.set({ state }, jobs);
      },
    });
  };
  // A tenant's label comes from an existing key, so strangers cannot create labels.
  const signIns = new Counter({
    name: 'rollcall_failed_sign_ins_total',
    help: 'Sign-ins that were refused, by kind of credential and, where its key is known, by tenant.',
    labelNames: ['credential', 'tenant'],
    registers: [registry],
  });

  const count = (result: ExecutionResult) => {
    for (const error of result.errors ?? []) errors.inc({ code: String(error.extensions['code'] ?? 'INTERNAL') });
  };

  const started = new WeakMap<Request, number>();
  const plugin: Plugin<object, ServerContext> = {
    onRequest({ request }) {
      started.set(request, performance.now());
    },
    onResponse({ request, response }) {
      const since = started.get(request);
      if (since !== undefined) duration.observe({ status: response.status }, (performance.now() - since) / 1_000);
    },
    onResultProcess({ result }) {
      if (Symbol.asyncIterator in result) return;
      for (const one of Array.isArray(result) ? result : [result]) count(one);
    },
  };
  // Labels are found by their text, which costs more than the observation.
  const durations = new Map<number, ReturnType<typeof duration.labels>>();
  const durationOf = (status: number) => {
    let known = durations.get(status);
    if (!known) {
      known = duration.labels({ status });
      durations.set(status, known);
    }
    return known;
  };
  /** Records an answer that did not pass through the plugin. */
  const answered = (status: number, seconds: number, result: ExecutionResult) => {
    durationOf(status).observe(seconds);
    if (result.errors) count(result);
  };
  /** Measures an answer of a REST face's operation; null for a path that leads to none. */
  const answeredRest = (operation: string | null, status: number, seconds: number) => {
    durationOf(status).observe(seconds);
    rest.inc({ operation: operation ?? 'none', status });
  };
  const delivered = (outcome: string) => deliveries.inc({ outcome });
  const signInFailed = ({ credential, tenantId }: { credential: string; tenantId: string | null }) =>
    signIns.inc({ credential, tenant: tenantId ?? 'unknown' });
  const text = cluster.isWorker ? metricsOfAll(registry) : () => registry.metrics();
  return {
    plugin,
    answered,
    answeredRest,
    delivered,
    watchParts,
    watchJobs,
    watchStandby,
    signInFailed,
    read: async () => ({ type: registry.contentType, text: await text() }),
    // The observer of collections lives as long as the process and leads to the registry: it must lead no further.
    close: () => registry.clear(),
  };
}

/** Messages between one of several processes and their parent. */
export type MetricsQuestion = { ask: 'metrics'; id: number };
export type MetricsAnswer = { id: number; text: string };

/** Returns the metrics of all processes together. Each process asks their parent. */
function metricsOfAll(registry: Registry): () => Promise<string> {
  AggregatorRegistry.setRegistries([registry]);
  // Makes this process answer the parent's requests.
  new AggregatorRegistry();
  const waiting = new Map<number, (text: string) => void>();
  let asked = 0;
  process.on('message', ({ id, text }: Partial<MetricsAnswer>) => {
    if (id === undefined || text === undefined) return;
    waiting.get(id)?.(text);
    waiting.delete(id);
  });
  return () =>
    new Promise((resolve) => {
      const id = ++asked;
      waiting.set(id, resolve);
      process.send?.({ ask: 'metrics', id } satisfies MetricsQuestion);
    });
}
