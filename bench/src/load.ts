import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Draw, OperationName } from './operations.ts';
import type { Server } from './servers.ts';

/** What came of putting load on a server for a while. Latencies are in milliseconds. */
export type LoadResult = { requests: number; seconds: number; bytes: number; p50: number; p99: number; failed: number };

export type GeneratorName = 'wrk' | 'autocannon';

/** Which program makes the load: wrk where it can be run, unless another is wanted. */
export function chooseGenerator(wanted: GeneratorName | 'auto'): GeneratorName {
  if (wanted !== 'auto') return wanted;
  try {
    // wrk has no option that only tells its version; without arguments it prints its usage and gives 1.
    execFileSync('wrk', { stdio: 'ignore' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'autocannon';
  }
  return 'wrk';
}

/** A request as the generators read it. A body of `GET` and a path is a request without one. */
export const requestLine = (authorization: string | null, body: string): string => `${authorization ?? '-'}\t${body}\n`;

/** Writes requests as the generators read them. */
export async function writeRequests(
  file: string,
  server: Server,
  asked: Iterable<[OperationName, Draw]>,
): Promise<void> {
  const out = createWriteStream(file);
  for (const [operation, draw] of asked) {
    if (!out.write(requestLine(server.authorization(draw.tenant), server.body(operation, draw))))
      await new Promise<void>((resolve) => out.once('drain', () => resolve()));
  }
  await new Promise<void>((resolve, reject) => out.once('error', reject).end(() => resolve()));
}

export type Load = {
  generator: GeneratorName;
  url: string;
  connections: number;
  seconds: number;
  /** The requests, and the line to begin at. */
  file: string;
  offset: number;
  /** Whether each answer is looked into for errors, which costs the generator time. */
  verify: boolean;
};

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const running = new Set<ChildProcess>();

/** Stops the running load. */
export function stopLoad(): void {
  for (const child of running) child.kill('SIGKILL');
}

/**
 * Runs the generator in a process of its own, with one thread. Throws when it fails, or takes much longer than it
 * should.
 */
export async function run({ generator, url, connections, seconds, file, offset, verify }: Load): Promise<LoadResult> {
  const last = [file, String(offset), ...(verify ? ['verify'] : [])];
  const [program, args]: [string, string[]] =
    generator === 'wrk'
      ? [
          'wrk',
          ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', path('load.lua'), url, '--', ...last],
        ]
      : [process.execPath, [path('load-autocannon.ts'), url, String(connections), String(seconds), ...last]];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const limit = setTimeout(() => child.kill('SIGKILL'), (seconds + 30) * 1_000);
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  clearTimeout(limit);
  running.delete(child);
  const [, result] = /RESULT (\{.*\})/.exec(text) ?? [];
  if (!result) throw new Error(`${generator} gave no result:\n${text.slice(-1_000)}`);
  return JSON.parse(result) as LoadResult;
}
