import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';

/** Where PostgreSQL's server programs are; null where there are none. */
function binaries(): string | null {
  const { stdout } = spawnSync('pg_config', ['--bindir'], { encoding: 'utf8' });
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return (
    [stdout?.trim(), ...versions.map((version) => `${root}/${version}/bin`)].find(
      (folder) => folder && existsSync(`${folder}/initdb`) && existsSync(`${folder}/postgres`),
    ) ?? null
  );
}

// The server refuses to run as root.
function user(): { uid?: number; gid?: number } | null {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  return id('-u') > 0 ? { uid: id('-u'), gid: id('-g') } : null;
}

const bin = binaries();
const runAs = user();

/** Why this machine cannot start a PostgreSQL of the suite's own; null when it can. */
export const noServer: string | null =
  bin === null ? 'there are no PostgreSQL server programs here' : runAs === null ? 'root, and no user postgres' : null;

/** Where PgBouncer is; null where it is not installed. */
export const pgbouncer: string | null =
  spawnSync('sh', ['-c', 'command -v pgbouncer || ls /usr/sbin/pgbouncer'], { encoding: 'utf8' }).stdout.trim() || null;

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function ownFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `rollcall-${name}-`));
  if (runAs?.uid !== undefined) chownSync(folder, runAs.uid, runAs.gid as number);
  return folder;
}

const run = (program: string, args: string[]) =>
  execFileSync(`${bin}/${program}`, args, { ...runAs, stdio: ['ignore', 'ignore', 'pipe'], env: { LC_ALL: 'C' } });

async function accepts(url: string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.query('select 1');
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } finally {
      await client.end().catch(() => {});
    }
  }
}

/** A PostgreSQL of the suite's own, that it may break. */
export interface OwnServer {
  readonly port: number;
  /** The postmaster's. */
  readonly pid: number;
  readonly url: string;
  /** Another server that follows this one. */
  standby(): Promise<OwnServer>;
  promote(): void;
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** Runs SQL in a session of its own. */
  sql(text: string): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
}

export async function startServer(settings: Record<string, string> = {}): Promise<OwnServer> {
  const folder = ownFolder('postgres');
  run('initdb', ['-D', `${folder}/data`, '-U', 'postgres', '-A', 'trust', '-N', '--no-locale', '-E', 'UTF8']);
  return serve(folder, settings);
}

async function serve(folder: string, settings: Record<string, string>): Promise<OwnServer> {
  const port = await freePort();
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`;
  let child: ChildProcess;
  let exited: Promise<unknown>;
  const children: OwnServer[] = [];

  async function start() {
    const given = { fsync: 'off', max_connections: '100', ...settings };
    const options = Object.entries(given).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    child = spawn(
      `${bin}/postgres`,
      ['-D', `${folder}/data`, '-p', String(port), '-k', folder, '-h', '127.0.0.1', ...options],
      { ...runAs, stdio: 'ignore', env: { LC_ALL: 'C' } },
    );
    exited = new Promise((resolve) => child.once('exit', resolve));
    await accepts(url);
  }
  const stop = async (signal: NodeJS.Signals = 'SIGINT') => {
    if (child.exitCode === null) child.kill(signal);
    await exited;
  };
  await start();

  return {
    port,
    get pid() {
      return child.pid as number;
    },
    url,
    start,
    stop,
    promote: () => run('pg_ctl', ['promote', '-D', `${folder}/data`, '-w']),
    async standby() {
      const other = ownFolder('standby');
      run('pg_basebackup', ['-d', url, '-D', `${other}/data`, '-R', '-X', 'stream', '-c', 'fast', '-N']);
      const standby = await serve(other, settings);
      children.push(standby);
      return standby;
    },
    async sql(text) {
      const client = new pg.Client({ connectionString: url });
      client.on('error', () => {});
      await client.connect();
      try {
        const result: unknown = await client.query(text);
        return ((Array.isArray(result) ? result.at(-1) : result) as pg.QueryResult).rows;
      } finally {
        await client.end().catch(() => {});
      }
    },
    async close() {
      for (const each of children) await each.close();
      await stop('SIGQUIT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** PgBouncer before a server; returns its port and how to stop it. */
export async function startPgBouncer(
  target: { port: number; host?: string },
  settings: Record<string, string>,
): Promise<{ port: number; close(): Promise<void> }> {
  const folder = ownFolder('pgbouncer');
  const port = await freePort();
  const lines = Object.entries({
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    ...settings,
  }).map(([name, value]) => `${name} = ${value}`);
  const target_ = `host=${target.host ?? '127.0.0.1'} port=${target.port} user=postgres`;
  writeFileSync(`${folder}/pgbouncer.ini`, `[databases]\n* = ${target_}\n[pgbouncer]\n${lines.join('\n')}\n`);
  const child = spawn(pgbouncer as string, [`${folder}/pgbouncer.ini`], { ...runAs, stdio: 'ignore' });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  await accepts(`postgresql://postgres@127.0.0.1:${port}/postgres`);
  return {
    port,
    async close() {
      child.kill('SIGINT');
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
