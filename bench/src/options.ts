import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type ContenderName, contenderNames } from './contenders/contender.ts';
import { type OperationName, operations } from './operations.ts';

/** What to measure, and how long. */
export type Options = {
  databaseUrl: string;
  /** How many times the data set's base size. */
  factor: number;
  rounds: number;
  /** How long each contender is measured in each round, for each operation. */
  seconds: number;
  connections: number;
  poolSize: number;
  operations: readonly OperationName[];
  contenders: readonly ContenderName[];
  /** Null measures the contenders; a number runs the service alone for so many minutes. */
  soakMinutes: number | null;
  /** How many deliveries a second the service alone is sent by webhooks; null for none. */
  deliveryRate: number | null;
  /**
   * How many subscriptions are opened at the service alone, and how many events a second they are given; null for none.
   */
  streams: { count: number; rate: number } | null;
  /** Whether answers of different sizes, and from different places of a list, are measured on the service alone. */
  growth: boolean;
  /** Two ways to run the service that are measured in turn: names for both, and the settings of each; null for none. */
  scale: Ways | null;
  /** Whether the service alone is attacked by a client with an ordinary credential. */
  hostile: boolean;
  /** Whether one tenant floods the service alone while another reads. */
  flood: boolean;
  /** How many external users are imported, beside COPY; null for none. */
  imports: number | null;
  /** How many pairs of external users are merged, and erased then, beside bare statements; null for none. */
  merges: number | null;
  /** Whether searches are measured, by the service, PostGraphile and a bare statement. */
  search: boolean;
  /** Only attacks whose names have this in them; null for all. */
  only: string | null;
  generator: 'wrk' | 'autocannon' | 'auto';
  json: string | null;
  svg: string | null;
  /** A folder for CPU profiles of the contenders, one of each process. */
  profile: string | null;
  /** The folder of another checkout that was built, to measure beside this one; null without. */
  previous: string | null;
  /** Load the data again even where it is already there. */
  fresh: boolean;
  /** Drop the database in the end. */
  drop: boolean;
  /** Build the service first. */
  build: boolean;
};

/** Two ways to run the service. A standby's URL names its server. */
export type Ways = {
  names: [string, string];
  settings: [NodeJS.ProcessEnv, NodeJS.ProcessEnv];
  standby: string | null;
};

const operationNames = operations.map(({ name }) => name);

export const usage = `Usage: DATABASE_URL=postgresql://… npm run bench -- [options]

  --factor N          the data set's size: 1 is 100,000 participants (default 1)
  --rounds N          how often every contender is measured with every operation (default 5, with --growth, --search, --processes and --standby 3)
  --seconds N         how long each time (default 10; of deliveries 60, of events for streams 20)
  --connections N     connections that the load comes over (default 32)
  --pool N            database connections a contender has (default 10)
  --operations LIST   of ${operationNames.join(', ')}
  --contenders LIST   of ${contenderNames.join(', ')}
  --generator NAME    wrk or autocannon (default: wrk where it is installed)
  --soak MINUTES      instead: mixed operations on the service alone
  --deliveries        instead: messages by webhooks, and contact lists meanwhile, on the service alone
  --streams N         instead: so many open subscriptions, idle and with events, on the service alone
  --rate N            deliveries a second (default 1000), or events for the streams (default 10)
  --growth            instead: lists of different lengths, and pages from different places, on the service alone
  --processes N       instead: the service with one process and with so many in turn; needs REDIS_URL
  --standby           instead: the service without a standby and with the one in DATABASE_READ_URL in turn
  --hostile           instead: what a hostile client may send, one attack at a time, in a copy of the data
  --flood             instead: one tenant's flood over all connections, and the reads of another
  --imports N         instead: so many external users by COPY and by an import, in a copy of the data
  --merges N          instead: so many merges and erasures, beside bare statements, in a copy of the data
  --search            instead: searches for rare and frequent words, beside PostGraphile and a bare statement
  --only TEXT         of the attacks those with this in their names
  --json FILE         write every figure there
  --svg FILE          draw the ratios there
  --profile FOLDER    write CPU profiles of the contenders there (see profile.mjs); what is measured then is slower
  --previous FOLDER   another checkout of the service, installed and built there: measured in turn with this one
  --fresh             load the data again even if it is there
  --drop              drop the benchmark's database in the end
  --no-build          measure dist/ as it is
  --help

DATABASE_URL names a server where a database may be created; it becomes rollcall_bench_<factor>.
`;

/** Wrong arguments, in words. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new UsageError(`--${name} must be a number above 0`);
  return value;
}

function whole(name: string, text: string): number {
  const value = positive(name, text);
  if (!Number.isInteger(value)) throw new UsageError(`--${name} must be a whole number`);
  return value;
}

function redis({ REDIS_URL: url }: NodeJS.ProcessEnv): string {
  if (!url) throw new UsageError('--processes needs REDIS_URL');
  return url;
}

const withProcesses = (processes: number, redisUrl: string): Ways => ({
  names: ['1 process', `${processes} processes`],
  settings: [
    { REDIS_URL: redisUrl, PROCESSES: '1' },
    { REDIS_URL: redisUrl, PROCESSES: String(processes) },
  ],
  standby: null,
});

function withStandby({ DATABASE_READ_URL: standby }: NodeJS.ProcessEnv): Ways {
  if (!standby) throw new UsageError('--standby needs DATABASE_READ_URL, a standby of the server in DATABASE_URL');
  return { names: ['the primary alone', 'with a standby'], settings: [{}, {}], standby };
}

function some<Name extends string>(name: string, text: string | undefined, all: readonly Name[]): readonly Name[] {
  if (text === undefined) return all;
  const wanted = text.split(',').map((item) => item.trim());
  const unknown = wanted.filter((item) => !(all as readonly string[]).includes(item));
  if (unknown.length > 0) throw new UsageError(`--${name}: ${unknown.join(', ')}: not of ${all.join(', ')}`);
  return all.filter((item) => wanted.includes(item));
}

/** Reads the command line and DATABASE_URL. Null means that only the usage is wanted. Throws UsageError. */
export function readOptions(args: readonly string[], environment: NodeJS.ProcessEnv): Options | null {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (values.help) return null;
  const databaseUrl = environment['DATABASE_URL'];
  if (!databaseUrl) throw new UsageError('DATABASE_URL is needed');
  const { generator } = values;
  if (generator !== 'wrk' && generator !== 'autocannon' && generator !== 'auto')
    throw new UsageError('--generator must be wrk or autocannon');
  return {
    databaseUrl,
    factor: positive('factor', values.factor),
    rounds: whole(
      'rounds',
      values.rounds ??
        (values.imports ? '2' : values.growth || values.processes || values.standby || values.search ? '3' : '5'),
    ),
    seconds: whole('seconds', values.seconds ?? (values.deliveries ? '60' : values.streams ? '20' : '10')),
    connections: whole('connections', values.connections),
    poolSize: whole('pool', values.pool),
    operations: some('operations', values.operations, operationNames),
    contenders: some('contenders', values.contenders, contenderNames).filter(
      (name) => name !== 'previous' || values.previous !== undefined,
    ),
    soakMinutes: values.soak === undefined ? null : positive('soak', values.soak),
    deliveryRate: values.deliveries ? whole('rate', values.rate ?? '1000') : null,
    streams:
      values.streams === undefined
        ? null
        : { count: whole('streams', values.streams), rate: whole('rate', values.rate ?? '10') },
    growth: values.growth,
    scale: values.standby
      ? withStandby(environment)
      : values.processes === undefined
        ? null
        : withProcesses(whole('processes', values.processes), redis(environment)),
    hostile: values.hostile,
    flood: values.flood,
    imports: values.imports === undefined ? null : whole('imports', values.imports),
    merges: values.merges === undefined ? null : whole('merges', values.merges),
    search: values.search,
    only: values.only ?? null,
    generator,
    json: values.json ?? null,
    svg: values.svg ?? null,
    profile: values.profile ?? null,
    previous: values.previous === undefined ? null : resolve(values.previous),
    fresh: values.fresh,
    drop: values.drop,
    build: !values['no-build'],
  };
}

const parse = (args: readonly string[]) =>
  parseArgs({
    args: [...args],
    options: {
      factor: { type: 'string', default: '1' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string', default: '32' },
      pool: { type: 'string', default: '10' },
      operations: { type: 'string' },
      contenders: { type: 'string' },
      generator: { type: 'string', default: 'auto' },
      soak: { type: 'string' },
      deliveries: { type: 'boolean', default: false },
      streams: { type: 'string' },
      rate: { type: 'string' },
      growth: { type: 'boolean', default: false },
      processes: { type: 'string' },
      standby: { type: 'boolean', default: false },
      hostile: { type: 'boolean', default: false },
      flood: { type: 'boolean', default: false },
      imports: { type: 'string' },
      merges: { type: 'string' },
      search: { type: 'boolean', default: false },
      only: { type: 'string' },
      json: { type: 'string' },
      svg: { type: 'string' },
      profile: { type: 'string' },
      previous: { type: 'string' },
      fresh: { type: 'boolean', default: false },
      drop: { type: 'boolean', default: false },
      'no-build': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;

/** Cores, as the report names them. */
export const cores = availableParallelism();
