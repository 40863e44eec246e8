import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { checkEqual, DifferentAnswers } from './check.ts';
import { untilIdle } from './cpu.ts';
import { type DataSet, dropDataSet, provideDataSet } from './data-set.ts';
import { deliver, deliveryTable } from './deliveries.ts';
import { flood, floodTable } from './flood.ts';
import { growth, growthTable } from './growth.ts';
import { hostile, hostileTable } from './hostile.ts';
import { imports, importsTable } from './imports.ts';
import { chooseGenerator, stopLoad } from './load.ts';
import { merges, mergesTable } from './merges.ts';
import { operationNamed } from './operations.ts';
import { type Options, readOptions, UsageError, usage, type Ways } from './options.ts';
import { plot } from './plot.ts';
import { scale, scaleTable } from './processes.ts';
import { circumstances, markdown, summarise } from './report.ts';
import { measure, type Plan } from './rounds.ts';
import { search, searchTable } from './search.ts';
import { createLauncher, type Launcher } from './servers.ts';
import { soak, soakTable } from './soak.ts';
import { stream } from './streams.ts';
import { streamsTable } from './streams-report.ts';

/** Progress goes to stderr, results to stdout. */
const say = (line: string) => console.error(line);

async function build(): Promise<void> {
  const npm = spawn('npm', ['run', '--silent', 'build'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  });
  const code = await new Promise((resolve, reject) => npm.once('error', reject).once('exit', resolve));
  if (code !== 0) throw new Error('The service could not be built.');
}

async function soaking(
  launcher: Launcher,
  data: DataSet,
  plan: Plan,
  minutes: number,
  options: Options,
): Promise<void> {
  say(`${minutes} minutes of mixed operations, by ${plan.generator}`);
  const samples = await soak(launcher, data, plan, minutes, say);
  console.log(soakTable(samples));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, samples }, null, 2)}\n`);
}

async function delivering(
  launcher: Launcher,
  data: DataSet,
  plan: Plan,
  rate: number,
  options: Options,
): Promise<void> {
  const result = await deliver(launcher, data, { ...plan, rate }, say);
  console.log(deliveryTable(result));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, result }, null, 2)}\n`);
  if (result.acknowledged > result.counted) throw new Error('Deliveries were lost.');
}

async function streaming(
  launcher: Launcher,
  data: DataSet,
  plan: Plan,
  { count, rate }: { count: number; rate: number },
  options: Options,
): Promise<void> {
  const result = await stream(launcher, data, { ...plan, streams: count, rate }, say);
  console.log(streamsTable(result));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, result }, null, 2)}\n`);
  if (result.heard.events < result.expected.events || result.broken > 0)
    throw new Error('Events were lost, or streams broke.');
}

async function attacking(launcher: Launcher, data: DataSet, plan: Plan, options: Options): Promise<void> {
  const found = await hostile(launcher, data, { poolSize: plan.poolSize, only: options.only }, say);
  console.log(hostileTable(found));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, found }, null, 2)}\n`);
}

async function flooding(launcher: Launcher, data: DataSet, plan: Plan, options: Options): Promise<void> {
  const found = await flood(launcher, data, plan, say);
  console.log(floodTable(found));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, found }, null, 2)}\n`);
}

async function importing(launcher: Launcher, data: DataSet, plan: Plan, rows: number, options: Options): Promise<void> {
  const result = await imports(launcher, data, { rows, rounds: plan.rounds, poolSize: plan.poolSize }, say);
  console.log(importsTable(result));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, result }, null, 2)}\n`);
}

async function merging(launcher: Launcher, data: DataSet, plan: Plan, count: number, options: Options): Promise<void> {
  const { connections, poolSize } = plan;
  const result = await merges(launcher, data, { count, connections, poolSize }, say);
  console.log(mergesTable(result));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, result }, null, 2)}\n`);
  if (result.found.some(({ failed }) => failed > 0)) throw new Error('Merges or erasures failed.');
}

async function searching(launcher: Launcher, data: DataSet, plan: Plan, options: Options): Promise<void> {
  const found = await search(launcher, data, plan, say);
  console.log(searchTable(found, data));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, found }, null, 2)}\n`);
  if (found.some(({ failed }) => failed > 0)) throw new Error('Searches failed.');
}

async function growing(launcher: Launcher, data: DataSet, plan: Plan, options: Options): Promise<void> {
  say(`Lists of different lengths, and pages from different places, with load by ${plan.generator}`);
  const found = await growth(launcher, data, plan, say);
  console.log(growthTable(found, data));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, found }, null, 2)}\n`);
}

async function scaling(launcher: Launcher, data: DataSet, plan: Plan, how: Ways, options: Options): Promise<void> {
  const found = await scale(launcher, data, plan, how, say);
  console.log(scaleTable(found, how));
  const where = await circumstances(options, plan, data);
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, found }, null, 2)}\n`);
}

async function comparing(launcher: Launcher, data: DataSet, plan: Plan, options: Options): Promise<void> {
  say('Do all answer the same?');
  const counts = await checkEqual(launcher, plan.contenders, plan.operations, data, plan.poolSize, say);
  const cellCount = plan.rounds * plan.operations.length * plan.contenders.length;
  say(
    `They do. Measuring takes about ${Math.ceil((cellCount * (plan.seconds + 3)) / 60)} minutes, with load by ${plan.generator}.`,
  );
  const cells = await measure(launcher, data, plan, say);
  const findings = summarise(cells, counts, plan);
  const where = await circumstances(options, plan, data);
  console.log(markdown(findings, plan, where));
  if (options.json) writeFileSync(options.json, `${JSON.stringify({ where, findings, cells }, null, 2)}\n`);
  if (options.svg) {
    const svg = plot(findings, plan.operations);
    if (svg) writeFileSync(options.svg, svg);
    else say('Nothing is drawn: the ratios need PostGraphile among the contenders.');
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), process.env);
  if (!options) return console.log(usage);
  const generator = chooseGenerator(options.generator);
  if (generator === 'autocannon')
    say(
      'Load by autocannon: it is slower than wrk, its latencies are whole milliseconds, and it may be what limits the read by id.',
    );

  if (options.build) await build();
  const data = await provideDataSet(options.databaseUrl, options.factor, options.fresh, say, options.previous);
  const launcher = await createLauncher(options.profile, options.previous);
  const stop = () => {
    say('Stopping.');
    stopLoad();
    launcher.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const { contenders, rounds, seconds, connections, poolSize } = options;
    const plan: Plan = {
      contenders,
      operations: options.operations.map(operationNamed),
      rounds,
      seconds,
      connections,
      poolSize,
      generator,
    };
    const service = await launcher.start('rollcall', data.databaseUrl, poolSize);
    await untilIdle(service.pid, data.databaseUrl);
    await service.stop();
    if (options.deliveryRate !== null) await delivering(launcher, data, plan, options.deliveryRate, options);
    else if (options.streams) await streaming(launcher, data, plan, options.streams, options);
    else if (options.hostile) await attacking(launcher, data, plan, options);
    else if (options.flood) await flooding(launcher, data, plan, options);
    else if (options.imports !== null) await importing(launcher, data, plan, options.imports, options);
    else if (options.merges !== null) await merging(launcher, data, plan, options.merges, options);
    else if (options.search) await searching(launcher, data, plan, options);
    else if (options.growth) await growing(launcher, data, plan, options);
    else if (options.scale) await scaling(launcher, data, plan, options.scale, options);
    else if (options.soakMinutes !== null) await soaking(launcher, data, plan, options.soakMinutes, options);
    else await comparing(launcher, data, plan, options);
  } finally {
    await launcher.close();
    if (options.drop) await dropDataSet(options.databaseUrl, options.factor);
  }
}

main().catch((error: unknown) => {
  const expected = error instanceof UsageError || error instanceof DifferentAnswers;
  console.error(expected ? error.message : error);
  if (error instanceof UsageError) console.error(`\n${usage}`);
  process.exit(1);
});
