/** What a fault is, and what faults are made with. */
import { connect } from 'node:net';
import pg from 'pg';
import type { Mode } from '../../test/faults/proxy.ts';
import type { Ledger } from './ledger.ts';
import { type Replica, type StartOptions, sleep, type World } from './world.ts';

/** `alone`: whether no other fault is made at the same time. */
export type Stage = { world: World; ledger: Ledger; random: () => number; alone: boolean };
/** Breaks and mends; what it throws is what does not hold. */
export type Scenario = {
  name: string;
  run(stage: Stage): Promise<void>;
  /** Whether clients may lose connections: a replica is ended. */
  ends?: boolean;
  /** Whether it can take part in a random schedule, with others at the same time. */
  random?: boolean;
  /** What only one fault can break at a time. */
  takes?: 'server' | 'network' | 'redis';
  /** What this machine lacks to make the fault. It is left out then, and said to be. */
  lacks?: string | null;
};

/** Repeats work of the driver's own that another fault breaks. Gives up after 30 seconds. */
export async function withRetries<Result>(stage: Stage, work: () => Promise<Result>): Promise<Result> {
  const until = performance.now() + (stage.alone ? 0 : 30_000);
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(200);
    }
  }
}
/** Runs SQL of the driver's own. */
export const sqlOf = (stage: Stage, text: string) => withRetries(stage, () => stage.world.postgres.sql(text));

/** Sends a signal to a process that may have ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // Another fault has ended it.
  }
}

export function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
export const all = ({ world }: Stage, mode: Mode, options = {}) =>
  Promise.all(world.replicas.map(({ database }) => database.mode(mode, options)));
export const allRedis = ({ world }: Stage, mode: Mode) =>
  Promise.all(world.replicas.map(({ redis }) => redis.mode(mode)));

async function connected({ world }: Stage): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: world.postgres.url });
  client.on('error', () => {});
  await client.connect();
  return client;
}

export const beside = <Result>(stage: Stage, work: (client: pg.Client) => Promise<Result>): Promise<Result> =>
  withRetries(stage, async () => {
    const client = await connected(stage);
    try {
      return await work(client);
    } finally {
      await client.end().catch(() => {});
    }
  });

/** Holds locks on a connection of its own. Beside another fault they may be lost before the end. */
export async function holding(stage: Stage, sql: string, meanwhile: () => Promise<void>): Promise<void> {
  const client = await withRetries(stage, async () => {
    const opened = await connected(stage);
    await opened.query(`begin; ${sql}`);
    return opened;
  });
  try {
    await meanwhile();
    await client.query('rollback').catch((error: unknown) => {
      if (stage.alone) throw error;
    });
  } finally {
    await client.end().catch(() => {});
  }
}

/** Starts a replica beside the two, has it do something, and stops it. */
export async function third(
  { world }: Stage,
  work: (replica: Replica) => Promise<void>,
  environment: Record<string, string> = {},
  options: StartOptions = {},
): Promise<void> {
  const replica = await world.start(environment, options);
  try {
    await work(replica);
    const { code, tookMs } = await replica.stop();
    demand(code === 0, `SIGTERM gave exit code ${code}: ${replica.output().slice(-1_500)}`);
    demand(tookMs < 20_000, `SIGTERM took ${Math.round(tookMs)} ms`);
  } finally {
    await replica.end();
  }
}

export const raw = (replica: Replica, text: string) =>
  new Promise<ReturnType<typeof connect>>((resolve) => {
    const socket = connect(Number(new URL(replica.url).port), '127.0.0.1', () => {
      socket.write(text);
      resolve(socket);
    });
    socket.on('error', () => {});
  });
