import { cpus, platform, release, totalmem } from 'node:os';
import { countOf, type StatementCounts } from './check.ts';
import type { ContenderName } from './contenders/contender.ts';
import { baseline, contenderNamed, whoHave } from './contenders.ts';
import { type DataSet, withClient } from './data-set.ts';
import type { OperationName } from './operations.ts';
import { cores, type Options } from './options.ts';
import { busy, type Cell, type Plan } from './rounds.ts';

export type Spread = { median: number; min: number; max: number };

/** What was found of one contender with one operation, over all rounds. */
export type Finding = {
  operation: OperationName;
  contender: ContenderName;
  requestsPerSecond: number;
  /** Throughput as a multiple of the baseline's in the same round; null without the baseline. */
  ratio: Spread | null;
  /** The same of the previous build; null where it was not measured. */
  ratioToPrevious: Spread | null;
  p50: number;
  p99: number;
  serverCpu: number | null;
  databaseCpu: number | null;
  generatorCores: number | null;
  statements: number | null;
  roundTrips: number | null;
  /** The most in any round. */
  otherCores: number | null;
  added: number | null;
  failed: number;
};

/** Where and how it was measured. */
export type Circumstances = {
  date: string;
  machine: string;
  node: string;
  postgresql: string;
  generator: string;
  factor: number;
  participants: number;
  rounds: number;
  seconds: number;
  connections: number;
  poolSize: number;
};

export async function circumstances(options: Options, plan: Plan, data: DataSet): Promise<Circumstances> {
  const postgresql = await withClient(data.databaseUrl, async (client) => {
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'unknown';
  });
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    date: new Date().toISOString(),
    machine: `${cores} × ${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${memory} GB, ${platform()} ${release()}`,
    node: process.version,
    postgresql,
    generator: plan.generator,
    factor: options.factor,
    participants: data.participants,
    rounds: options.rounds,
    seconds: options.seconds,
    connections: options.connections,
    poolSize: options.poolSize,
  };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[middle - 1] ?? Number.NaN, sorted[middle] ?? Number.NaN];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

const known = (values: readonly (number | null)[]) => values.filter((value) => value !== null);
export const medianOrNull = (values: readonly (number | null)[]) =>
  known(values).length > 0 ? median(known(values)) : null;

/** The medians over all rounds. */
export function summarise(cells: readonly Cell[], counts: StatementCounts, plan: Plan): Finding[] {
  return plan.operations.flatMap((operation) =>
    whoHave(operation.name, plan.contenders).map((contender) => {
      const own = cells.filter((cell) => cell.operation === operation.name && cell.contender === contender);
      const all = (field: keyof Cell) => own.map((cell) => cell[field] as number | null);
      const ratioTo = (other: ContenderName): Spread | null => {
        const ratios = own.flatMap(({ round, requestsPerSecond }) => {
          const base = cells.find(
            (cell) => cell.round === round && cell.operation === operation.name && cell.contender === other,
          );
          return base ? [requestsPerSecond / base.requestsPerSecond] : [];
        });
        if (ratios.length === 0) return null;
        return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
      };
      const counted = countOf(counts, contender, operation);
      return {
        operation: operation.name,
        contender,
        requestsPerSecond: median(known(all('requestsPerSecond'))),
        ratio: ratioTo(baseline),
        ratioToPrevious: ratioTo('previous'),
        p50: median(known(all('p50'))),
        p99: median(known(all('p99'))),
        serverCpu: medianOrNull(all('serverCpu')),
        databaseCpu: medianOrNull(all('databaseCpu')),
        generatorCores: medianOrNull(all('generatorCores')),
        statements: counted?.statements ?? null,
        roundTrips: counted?.roundTrips ?? null,
        otherCores: known(all('otherCores')).length > 0 ? Math.max(...known(all('otherCores'))) : null,
        added: medianOrNull(all('added')),
        failed: own.reduce((sum, { failed }) => sum + failed, 0),
      };
    }),
  );
}

/** For the beginning of a line. */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const times = (ratio: Spread | null) =>
  ratio ? `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})` : 'n/a';
const digits = (value: number | null, places: number) => (value === null ? 'n/a' : value.toFixed(places));
const plain = (value: number | null) => (value === null ? 'n/a' : String(Number(value.toFixed(2))));

/** The findings as Markdown, a table an operation. */
export function markdown(findings: readonly Finding[], plan: Plan, where: Circumstances): string {
  const lines = [
    `${where.machine}; Node ${where.node}, PostgreSQL ${where.postgresql}, load by ${where.generator}; server, database and load on one machine.`,
    `${where.participants.toLocaleString('en')} participants; ${where.connections} connections, ${where.poolSize} to the database; medians of ${where.rounds} rounds of ${where.seconds} s, × as least–most.`,
  ];
  for (const operation of plan.operations) {
    lines.push(
      '',
      `**${capitalised(operation.title)}**`,
      '',
      '| | requests/s | × PostGraphile | × previous | p50 ms | p99 ms | CPU ms/request: server | PostgreSQL | SQL statements | round trips |',
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    );
    for (const found of findings.filter((finding) => finding.operation === operation.name)) {
      lines.push(
        `| ${contenderNamed(found.contender).title} | ${found.requestsPerSecond.toFixed(0)} | ${times(found.ratio)} | ${times(found.ratioToPrevious)} | ${found.p50.toFixed(1)} | ${found.p99.toFixed(1)} ` +
          `| ${digits(found.serverCpu, 3)} | ${digits(found.databaseCpu, 3)} | ${plain(found.statements)} | ${plain(found.roundTrips)} |`,
      );
    }
  }
  const notes = remarks(findings);
  return [...lines, ...(notes.length > 0 ? ['', ...notes] : []), ''].join('\n');
}

/** What a reader must know to trust a figure, or not to. */
function remarks(findings: readonly Finding[]): string[] {
  const notes: string[] = [];
  const name = ({ operation, contender }: Finding) => `${contender} ${operation}`;
  const bound = findings.filter(({ generatorCores }) => generatorCores !== null && generatorCores > 0.9);
  if (bound.length > 0)
    notes.push(`- The load generator was at its limit, the server perhaps not: ${bound.map(name).join(', ')}.`);
  const disturbed = findings.filter(({ otherCores }) => otherCores !== null && otherCores > busy);
  if (disturbed.length > 0) {
    const max = Math.max(...disturbed.map(({ otherCores }) => otherCores ?? 0));
    notes.push(
      `- Other programs had up to ${max.toFixed(1)} cores while ${disturbed.length} of ${findings.length} were measured: measure again on a quiet machine.`,
    );
  }
  const failing = findings.filter(({ failed }) => failed > 0);
  if (failing.length > 0)
    notes.push(`- Requests failed: ${failing.map((one) => `${name(one)} (${one.failed})`).join(', ')}.`);
  const repeated = findings.filter(({ added }) => added !== null && added < 0.95);
  if (repeated.length > 0)
    notes.push(
      `- Fewer than 95 % of the writes added a row, the rest found one: ${repeated.map((one) => `${name(one)} (${((one.added ?? 0) * 100).toFixed(0)} %)`).join(', ')}.`,
    );
  return notes;
}
