/**
 * Breaks what the service stands on, fault by fault and then at random, under load, and checks every acknowledged
 * write.
 *
 *   npm run faults -- [--minutes 60] [--seed 7] [--only TEXT] [--pairs] [--list]
 *
 * Needs PostgreSQL's server programs and redis-server on this machine; it starts servers of its own.
 */
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { png } from '../../test/fakes/images.ts';
import { numbers } from '../../test/faults/random.ts';
import { Ledger } from './ledger.ts';
import { demand, type Scenario, type Stage } from './scenario.ts';
import { scenarios } from './scenarios.ts';
import { createWorld, type Replica, sleep } from './world.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 32)) },
    only: { type: 'string' },
    pairs: { type: 'boolean' },
    list: { type: 'boolean' },
  },
});
const seed = Number(values.seed);
const random = numbers(seed);
/** How long after the end of a fault everything must answer again, in milliseconds. */
const recoveryMs = 20_000;
const clients = 12;

if (values.list) {
  for (const { name } of scenarios) console.log(name);
  process.exit(0);
}

execFileSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
const world = await createWorld();
// What was started ends with this, however it ends.
process.on('exit', () => world.kill());
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));
world.replicas = [await world.start(), await world.start()];
await world.postgres.sql(`insert into tenant (id, name) values ('${world.tenantId}', 'faults')`);
const ledger = new Ledger(world, await png());
await ledger.prepare(world.replicas[0] as Replica);
console.log(`seed ${seed}`);

let failures = 0;
/** How much of each replica's log has been looked at. */
const heard = new Map<Replica, number>();
/** Runs faults, all at the same time, under load; prints a line. */
async function play(played: readonly Scenario[]): Promise<void> {
  const name = played.map(({ name }) => name).join(' + ');
  const stage: Stage = { world, ledger, random, alone: played.length === 1 };
  ledger.tally = { codes: {}, slowestMs: 0, wrong: [] };
  ledger.mayClose = played.some(({ ends }) => ends);
  let going = true;
  const load = Array.from({ length: clients }, async (_, n) => {
    while (going) {
      const [one, other] = n % 2 ? [0, 1] : [1, 0];
      const began = performance.now();
      await ledger.once(world.replicas[one] as Replica, world.replicas[other] as Replica);
      if (performance.now() - began < 5) await sleep(5);
    }
  });
  await sleep(1_000);
  const wrong: string[] = [];
  for (const outcome of await Promise.allSettled(played.map((each) => each.run(stage))))
    if (outcome.status === 'rejected') wrong.push((outcome.reason as Error).message);
  const over = performance.now();
  const ready = await Promise.all(world.replicas.map((replica) => replica.readyWithin(recoveryMs)));
  if (!ready.every(Boolean)) wrong.push(`not ready within ${recoveryMs} ms`);
  // Ready, each of them must write again.
  for (const replica of world.replicas) {
    let code = '';
    while (code !== 'ok' && performance.now() - over < recoveryMs) {
      code = (await replica.graphql('mutation { createAgent(input: { id: "faults", name: "x" }) { agent { id } } }'))
        .code;
      if (code === 'CONFLICT') code = 'ok';
      if (code !== 'ok') await sleep(50);
    }
    if (code !== 'ok') wrong.push(`does not write again: ${code}`);
  }
  const recoveredMs = Math.round(performance.now() - over);
  going = false;
  await Promise.all(load);
  for (const replica of world.replicas) {
    const { child, output } = replica;
    const said = output()
      .slice(heard.get(replica) ?? 0)
      .split('\n');
    heard.set(replica, output().length);
    if (ledger.tally.codes['INTERNAL'])
      wrong.push(
        ...said
          .filter((line) => line.includes('"level":50'))
          .slice(0, 3)
          .map((line) => line.slice(0, 900)),
      );
    if (child.exitCode !== null || child.signalCode !== null)
      wrong.push(`a replica died: ${said.join('\n').slice(-1_500)}`);
  }
  const dead = world.replicas.findIndex(({ child }) => child.exitCode !== null || child.signalCode !== null);
  if (dead >= 0) world.replicas[dead] = await world.start();
  wrong.push(...ledger.tally.wrong, ...(await ledger.verify(world.postgres)));
  if (wrong.length > 0) failures++;
  const { codes, slowestMs } = ledger.tally;
  console.log(
    `${wrong.length ? 'WRONG' : 'ok   '} ${name}  ${JSON.stringify({ recoveredMs, slowestMs: Math.round(slowestMs), ...codes })}`,
  );
  for (const what of new Set(wrong)) console.log(`      ${what}`);
}

const began = performance.now();
const wanted = scenarios.filter(({ name }) => !values.only || new RegExp(values.only).test(name));
for (const { name, lacks } of wanted) if (lacks) console.log(`left out: ${name}, without ${lacks}`);
const chosen = wanted.filter(({ lacks }) => !lacks);
if (!values.pairs) for (const scenario of chosen) await play([scenario]);

const mixable = chosen.filter((scenario) => scenario.random);
const until = performance.now() + Number(values.minutes) * 60_000;
while (performance.now() < until && mixable.length > 0 && (values.pairs || !values.only)) {
  const pick = () => mixable[Math.floor(random() * mixable.length)] as Scenario;
  const [one, other] = [pick(), pick()];
  const together = one !== other && (one.takes === undefined || one.takes !== other.takes);
  await play(together ? [one, other] : [one]);
}

const missing = await ledger.missingPictures(world.postgres, 120_000);
if (missing > 0) console.log(`WRONG ${missing} of ${ledger.pictured.size} pictures never came`);
try {
  for (const replica of world.replicas) {
    const { code, tookMs } = await replica.stop();
    demand(code === 0, `SIGTERM at the end: ${code} after ${Math.round(tookMs)} ms`);
  }
} catch (error) {
  failures++;
  console.log(`WRONG ${(error as Error).message}`);
}
const { names, flows, contacts, users, activated, delivered, pictured } = ledger;
console.log(
  JSON.stringify({
    seed,
    seconds: Math.round((performance.now() - began) / 1_000),
    failures: failures + (missing > 0 ? 1 : 0),
    acknowledged: {
      participants: names.size,
      memberships: flows.size + contacts.size,
      externalUsers: users.size,
      patches: activated.size,
      deliveries: [...delivered.values()].reduce((sum, { acknowledged }) => sum + acknowledged, 0),
      pictures: pictured.size,
    },
  }),
);
await world.close();
process.exit(failures > 0 || missing > 0 ? 1 : 0);
