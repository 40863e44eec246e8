/**
 * What the faults are made in: servers of our own, two replicas as processes, and a proxy before each of their
 * connections.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { type FakeSlack, startFakeSlack } from '../../test/fakes/slack.ts';
import { freePort, type OwnServer, startServer } from '../../test/faults/postgres-server.ts';
import { type FaultProxy, startProxy } from '../../test/faults/proxy.ts';
import { startRedis } from '../../test/faults/redis-server.ts';

export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** How long a request may take until it counts as hanging, in milliseconds: longer than any limit of the service. */
const hangMs = 27_000;

export type Reply = { code: string; data: Record<string, never> | null; status: number; tookMs: number };

/** A replica of the service, as a process of its own behind proxies. */
export type Replica = {
  readonly url: string;
  readonly database: FaultProxy;
  readonly redis: FaultProxy;
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  output(): string;
  graphql(query: string, variables?: object, token?: string): Promise<Reply>;
  ready(): Promise<{ status: number; ready: boolean; degraded: string[]; tookMs: number }>;
  /** Waits until it answers that it is ready; false when it does not within the time. */
  readyWithin(ms: number): Promise<boolean>;
  /** SIGTERM; the exit code, and how long that took. */
  stop(): Promise<{ code: number | null; tookMs: number }>;
  end(): Promise<void>;
};

export type World = {
  readonly postgres: OwnServer;
  readonly slack: FakeSlack;
  readonly storage: string;
  readonly token: string;
  readonly tenantId: string;
  readonly environment: Record<string, string>;
  redis: Awaited<ReturnType<typeof startRedis>>;
  replicas: Replica[];
  start(environment?: Record<string, string>, options?: StartOptions): Promise<Replica>;
  close(): Promise<void>;
  /** Ends every process at once. */
  kill(): void;
};

/** `wait`: whether to wait until it serves. `through`: the program, with its arguments, that runs node. */
export type StartOptions = { databaseUrl?: string; wait?: boolean; through?: string[] };

/** Signs a token of the tenant. `kid` names the key in a set. */
export async function sign(key: KeyObject, tenantId: string, kid?: string): Promise<string> {
  return new SignJWT({ tenant: tenantId, scope: 'admin' })
    .setProtectedHeader({ alg: 'ES256', ...(kid !== undefined && { kid }) })
    .setSubject('driver')
    .setIssuer('faults')
    .setAudience('rollcall')
    .setIssuedAt()
    .setExpirationTime('1 day')
    .sign(key);
}

export async function createWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-faults-'));
  const postgres = await startServer({ max_connections: '100' });
  const slack = await startFakeSlack();
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const tenantId = randomUUID();
  const token = await sign(privateKey, tenantId);
  const environment = {
    NODE_ENV: 'production',
    SECRET_KEY: 'a secret key of more than 32 characters',
    JWT_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    JWT_ISSUER: 'faults',
    JWT_AUDIENCE: 'rollcall',
    STORAGE_URL: `file:${folder}/files`,
    DATA_DIR: folder,
    SLACK_API_URL: slack.apiUrl,
    EGRESS_ALLOW: slack.host,
    AVATAR_WORKERS: '1',
    JOB_LEASE_MS: '5000',
  };
  const world: World = {
    postgres,
    slack,
    storage: `${folder}/files`,
    token,
    tenantId,
    environment,
    redis: await startRedis(),
    replicas: [],
    start: (more = {}, options = {}) => startReplica(world, { ...environment, ...more }, options),
    kill() {
      for (const { child } of running) child.kill('SIGKILL');
      for (const pid of [world.redis.pid, postgres.pid]) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended.
        }
      }
    },
    async close() {
      for (const replica of world.replicas) await replica.end();
      await world.redis.stop();
      await slack.close();
      await postgres.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

const running = new Set<Replica>();

async function startReplica(
  world: World,
  environment: Record<string, string>,
  { databaseUrl, wait = true, through = [] }: StartOptions,
): Promise<Replica> {
  const host = '127.0.0.1';
  const database = await startProxy({ target: { host, port: world.postgres.port } });
  const redis = await startProxy({ target: { host, port: world.redis.port } });
  const port = await freePort();
  const url = `http://${host}:${port}`;
  const [program = process.execPath, ...rest] = [...through, process.execPath, 'dist/main.js'];
  const child = spawn(program, rest, {
    env: {
      PATH: process.env['PATH'],
      HOST: host,
      PORT: String(port),
      PUBLIC_URL: url,
      DATABASE_URL: databaseUrl ?? `postgresql://postgres@${host}:${database.port}/postgres`,
      REDIS_URL: `redis://${host}:${redis.port}`,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (data) => {
      output = (output + data).slice(-2_000_000);
    });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));

  const replica: Replica = {
    url,
    database,
    redis,
    child,
    exited,
    output: () => output,
    graphql: (query, variables, token = world.token) => send(url, token, query, variables),
    async ready() {
      const began = performance.now();
      try {
        const response = await fetch(`${url}/readyz`, {
          signal: AbortSignal.timeout(5_000),
          headers: { connection: 'close' },
        });
        const body = (await response.json()) as { ready: boolean; degraded: string[] };
        return { ...body, status: response.status, tookMs: performance.now() - began };
      } catch {
        return { status: 0, ready: false, degraded: [], tookMs: performance.now() - began };
      }
    },
    async readyWithin(ms) {
      const until = performance.now() + ms;
      while (performance.now() < until) {
        if ((await replica.ready()).ready) return true;
        await sleep(50);
      }
      return false;
    },
    async stop() {
      const began = performance.now();
      child.kill('SIGTERM');
      const code = await exited;
      return { code, tookMs: performance.now() - began };
    },
    async end() {
      child.kill('SIGCONT');
      child.kill('SIGKILL');
      await exited;
      await Promise.all([database.close(), redis.close()]);
    },
  };
  running.add(replica);
  void exited.then(() => running.delete(replica));
  if (wait && !(await replica.readyWithin(120_000))) throw new Error(`it does not start: ${output.slice(-3_000)}`);
  return replica;
}

/**
 * Sends an operation; the code is `ok`, one of the catalogue, `hang`, or `transport` for a connection that was closed.
 */
async function send(url: string, token: string, query: string, variables?: object): Promise<Reply> {
  const began = performance.now();
  const tookMs = () => performance.now() - began;
  try {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(hangMs),
    });
    const { data, errors } = (await response.json()) as {
      data: Record<string, never> | null;
      errors?: { extensions?: { code?: string } }[];
    };
    const code = errors ? (errors[0]?.extensions?.code ?? 'no code') : 'ok';
    return { code, data, status: response.status, tookMs: tookMs() };
  } catch (error) {
    const code = (error as Error).name === 'TimeoutError' ? 'hang' : 'transport';
    return { code, data: null, status: 0, tookMs: tookMs() };
  }
}
