import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import type { Contender, Dialect } from './contenders/contender.ts';
import { contenderNamed } from './contenders.ts';
import { idOf, tenants } from './data-set.ts';
import type { Json } from './json.ts';
import type { Draw, OperationName } from './operations.ts';
import { type StartCommand, startCommand } from './start-command.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
// A first start computes keys of the stored rows.
const startTimeout = 300_000;
const requestTimeout = 30_000;
const stopTimeout = 10_000;

/** A contender that is running. */
export interface Server {
  readonly contender: Contender;
  readonly pid: number;
  readonly url: string;
  /** The Authorization header that a tenant's requests carry; null where none is needed. */
  authorization(tenant: number): string | null;
  /** The request's body, or `GET` and a path. */
  body(operation: OperationName, draw: Draw): string;
  /** Sends one request; gives the answer as every contender gives it, or the word "refused". */
  answer(operation: OperationName, draw: Draw): Promise<Json>;
  /** Sends an operation of the contender's own, as it stands. */
  ask(tenant: number, query: string, variables?: object): Promise<{ data?: Json; errors?: Json }>;
  stop(): Promise<void>;
}

/** Starts contenders, with keys and folders of its own, and stops those that are left in the end. */
export interface Launcher {
  /** For files; it goes in the end. */
  readonly folder: string;
  /** `more` are settings of the service beside those of the benchmark. */
  start(contender: Contender['name'], databaseUrl: string, poolSize: number, more?: NodeJS.ProcessEnv): Promise<Server>;
  close(): Promise<void>;
}

/** Returns a port that was free when it was asked for. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => probe.once('error', reject).listen(0, '127.0.0.1', resolve));
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('No port could be had.');
  return address.port;
}

const issuer = 'rollcall-bench';
const audience = 'rollcall';
const scope =
  'participants:read participants:write conversations:read conversations:write users:read users:write integrations:write admin';

/** What deliveries from Slack are signed with. */
export const slackSigningSecret = 'a-secret-of-the-benchmark-alone';

const tokenFor = (tenant: number, key: KeyObject) =>
  new SignJWT({ tenant: idOf('tenant', tenant), scope })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setSubject(`load-${tenant}`)
    .setIssuer(issuer)
    .setAudience(audience)
    .setExpirationTime('7d')
    .sign(key);

/** `profiles` is a folder for CPU profiles, null for none; `previous` the folder of another checkout. */
export async function createLauncher(profiles: string | null, previous: string | null = null): Promise<Launcher> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const tokens = await Promise.all(Array.from({ length: tenants }, (_, tenant) => tokenFor(tenant, privateKey)));
  const running = new Set<ChildProcess>();
  let started = 0;

  async function stop(process: ChildProcess): Promise<void> {
    if (process.exitCode !== null || process.signalCode !== null) return;
    const gone = new Promise((resolve) => process.once('exit', resolve));
    process.kill('SIGTERM');
    const killTimer = setTimeout(() => process.kill('SIGKILL'), stopTimeout);
    await gone;
    clearTimeout(killTimer);
  }

  return {
    folder,
    async start(name, databaseUrl, poolSize, more = {}) {
      const contender = contenderNamed(name);
      const port = await freePort();
      const origin = `http://127.0.0.1:${port}`;
      const service: NodeJS.ProcessEnv = {
        HOST: '127.0.0.1',
        PUBLIC_URL: origin,
        STORAGE_URL: `file:${folder}/files`,
        DATA_DIR: `${folder}/data`,
        SECRET_KEY: 'a key that only this benchmark uses, and only here',
        SLACK_SIGNING_SECRET: slackSigningSecret,
        JWT_ISSUER: issuer,
        JWT_AUDIENCE: audience,
        JWT_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      };
      const logFile = join(folder, `${++started}-${name}.log`);
      const log = openSync(logFile, 'w');
      // Nothing of this environment but the way to programs: what a contender reads is what stands here.
      const { program, flags, variables }: StartCommand =
        contender.program === null
          ? startCommand(name === 'previous' && previous !== null ? previous : checkout)
          : { program: fileURLToPath(new URL(contender.program, import.meta.url)), flags: [], variables: {} };
      const profiled = profiles
        ? [
            '--cpu-prof',
            '--cpu-prof-interval=500',
            `--cpu-prof-dir=${profiles}`,
            `--cpu-prof-name=${started}-${name}.cpuprofile`,
          ]
        : [];
      const child = spawn(process.execPath, [...flags, ...profiled, program], {
        env: {
          PATH: process.env['PATH'],
          ...variables,
          NODE_ENV: 'production',
          GRAPHILE_ENV: 'production',
          DATABASE_URL: databaseUrl,
          DATABASE_POOL_SIZE: String(poolSize),
          PORT: String(port),
          ...(contender.isService ? { ...service, ...more } : {}),
        },
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      running.add(child);
      child.once('exit', () => running.delete(child));

      const url = `${origin}/graphql`;
      const authorization = (tenant: number) => (contender.isService ? `Bearer ${tokens[tenant]}` : null);
      const send = async (target: string, tenant: number, body: string | null) => {
        const token = authorization(tenant);
        const response = await fetch(target, {
          method: body === null ? 'GET' : 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            ...(token ? { authorization: token } : {}),
          },
          body,
          signal: AbortSignal.timeout(requestTimeout),
        });
        return { ok: response.ok, answer: (await response.json()) as Json };
      };
      const post = async (body: string, tenant: number) =>
        (await send(url, tenant, body)).answer as { data?: Json; errors?: Json };

      const failed = (what: string) =>
        new Error(`${contender.title} ${what}. The end of its log:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`);
      const deadline = performance.now() + startTimeout;
      for (;;) {
        if (child.exitCode !== null || child.signalCode !== null) throw failed('ended as it started');
        const up = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(requestTimeout) }).catch(() => null);
        await up?.arrayBuffer();
        // The service's port answers while it starts.
        if (up && up.status !== 503) break;
        if (performance.now() > deadline) throw failed(`did not answer within ${startTimeout / 1_000} s`);
        await sleep(100);
      }

      const example: Draw = { tenant: 0, tenantId: idOf('tenant', 0), key: '' };
      const dialect: Dialect = await contender.dialect(async (query, { tenant }) => {
        const { data, errors } = await post(JSON.stringify({ query }), tenant);
        if (errors || !data) throw failed(`answered ${JSON.stringify(errors)} to ${query}`);
        return data;
      }, example);
      const body = (operation: OperationName, draw: Draw) =>
        dialect.path ? `GET ${dialect.path(operation, draw)}` : JSON.stringify(dialect.body(operation, draw));

      return {
        contender,
        pid: child.pid as number,
        url,
        authorization,
        body,
        async answer(operation, draw) {
          if (dialect.path) {
            const { ok, answer } = await send(`${origin}${dialect.path(operation, draw)}`, draw.tenant, null);
            return ok ? dialect.answer(operation, answer) : 'refused';
          }
          const { data, errors } = await post(body(operation, draw), draw.tenant);
          return errors || data === undefined ? 'refused' : dialect.answer(operation, data);
        },
        ask: (tenant, query, variables = {}) => post(JSON.stringify({ query, variables }), tenant),
        stop: () => stop(child),
      };
    },
    async close() {
      await Promise.all([...running].map(stop));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
