import { spawn, spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';

/** Why tests with a Redis of their own are skipped; null where they can run. */
export const noRedis: string | null =
  spawnSync('redis-server', ['--version']).status === 0 ? null : 'there is no redis-server on this machine';

/** A port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Starts a Redis of the test's own, empty and in memory only, on that port or on a free one. */
export async function startRedis(port?: number): Promise<{ port: number; pid: number; stop(): Promise<void> }> {
  const at = port ?? (await freePort());
  const child = spawn('redis-server', ['--port', String(at), '--bind', '127.0.0.1', '--save', '', '--dir', '/tmp'], {
    stdio: 'ignore',
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  while (!(await accepts(at))) {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port: at,
    pid: child.pid as number,
    async stop() {
      child.kill('SIGCONT');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

/**
 * Watches what a Redis is sent, a line for each command, from when it resolves on. By a plain socket: ioredis can take
 * the first command, where it comes together with the answer to MONITOR, for an answer that it does not wait for.
 */
export async function monitorRedis(port: number): Promise<{ lines(): string[]; stop(): void }> {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8');
  let text = '';
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('data', () => resolve());
    socket.on('data', (piece: string) => {
      text += piece;
    });
    socket.write('MONITOR\r\n');
  });
  return { lines: () => text.split('\r\n'), stop: () => void socket.destroy() };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
