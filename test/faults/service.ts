import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../events/trigger.ts';
import { builtEntry } from '../setup/built.ts';
import { freePort } from './redis-server.ts';

export type LogLine = { level: number; pid: number; msg: string; part?: string; reason?: string };

export type Readiness = {
  ready: boolean;
  starting?: boolean;
  parts: Record<string, string | null>;
  degraded: string[];
};

/** The service as a process of its own. */
export interface Service {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it has logged, and everything that it has written. */
  lines(): LogLine[];
  output(): string;
  /** Whether it has said that it serves, so many times. */
  up(times?: number): Promise<void>;
  healthz(): Promise<number>;
  readyz(): Promise<Readiness & { status: number }>;
  /** Sends an operation without a credential, or with one. */
  graphql(query: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  readonly exited: Promise<number | null>;
  /** Ends it, however it is, and removes its folder. */
  end(): Promise<void>;
}

/** Starts the service with this environment besides what tests need; it may well not come up. */
export async function startService(environment: Record<string, string>): Promise<Service> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-faults-'));
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [await builtEntry('main')], {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      NODE_ENV: 'test',
      DEMO: 'off',
      AVATAR_WORKERS: '0',
      PORT: String(port),
      DATA_DIR: folder,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      output += data;
    });
  }
  const exited = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const lines = () =>
    output
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);

  /** Asks on a connection of its own; until the port is open, again. */
  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    for (;;) {
      try {
        return await fetch(`${url}${path}`, { ...init, headers: { connection: 'close', ...init.headers } });
      } catch (error) {
        if (child.exitCode !== null) throw new Error(`It ended: ${output}`, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }

  return {
    url,
    child,
    lines,
    output: () => output,
    exited,
    async up(times = 1) {
      await until(() => {
        if (child.exitCode !== null) throw new Error(`It ended: ${output}`);
        return lines().filter(({ msg }) => /answers at/.test(msg)).length >= times;
      });
    },
    healthz: async () => (await ask('/healthz')).status,
    async readyz() {
      const response = await ask('/readyz');
      return { ...((await response.json()) as Readiness), status: response.status };
    },
    graphql: (query, headers = {}) =>
      ask('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query }),
      }),
    stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async end() {
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
