// Says how long reads and writes wait while a command migrates a database, against a checkout whose build filled it:
//   node bench/migration-locks.mjs postgresql://…/rollcall_bench_10_previous npm run -s migrate
// Run `npm run build` first, and fill the database by `npm run bench -- --previous FOLDER --contenders previous --factor 10 …`.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

const [url, program, ...words] = process.argv.slice(2);
if (!url || !program) throw new Error('usage: node bench/migration-locks.mjs DATABASE_URL COMMAND …');

const clients = await Promise.all(
  Array.from({ length: 2 }, async () => {
    const client = new pg.Client(url);
    await client.connect();
    return client;
  }),
);
const [reader, writer] = clients;
const some = async (table) => (await reader.query(`select tenant_id, id from ${table} limit 200`)).rows;
const [participants, users, conversations] = await Promise.all(
  ['participant', 'external_user', 'conversation'].map(some),
);

let isOver = false;
/** Runs it again and again, with a pause of 20 ms, and returns the milliseconds of each. */
async function repeated(run) {
  const times = [];
  for (let n = 0; !isOver; n++) {
    const begun = performance.now();
    await run(n);
    times.push(performance.now() - begun);
    await sleep(20);
  }
  return times.sort((a, b) => b - a);
}
const by = (client, text, { tenant_id, id }) => client.query(text, [tenant_id, id]);
const at = (rows, n) => rows[n % rows.length];

const reads = repeated(async (n) => {
  await by(reader, 'select * from participant where tenant_id = $1 and id = $2', at(participants, n));
  await by(reader, 'select * from channel where tenant_id = $1 and participant_id = $2', at(participants, n));
  await by(reader, 'select * from binding where tenant_id = $1 and participant_id = $2', at(participants, n));
  await by(reader, 'select * from external_user where tenant_id = $1 and id = $2', at(users, n));
  await by(reader, 'select * from conversation where tenant_id = $1 and id = $2', at(conversations, n));
  await by(
    reader,
    'select * from conversation_member where tenant_id = $1 and conversation_id = $2',
    at(conversations, n),
  );
});
const writes = repeated(async (n) => {
  await by(writer, 'update participant set modified_at = now() where tenant_id = $1 and id = $2', at(participants, n));
  await by(writer, 'update external_user set modified_at = now() where tenant_id = $1 and id = $2', at(users, n));
});

await sleep(2_000);
const begun = performance.now();
const env = { SECRET_KEY: '0'.repeat(32), ...process.env, DATABASE_URL: url };
const code = await new Promise((resolve) => spawn(program, words, { env, stdio: 'inherit' }).on('exit', resolve));
const seconds = (performance.now() - begun) / 1_000;
isOver = true;
for (const [name, times] of [
  ['six reads by key', await reads],
  ['two writes by key', await writes],
])
  console.log(`${name}: ${times.length} times, the longest ${times.slice(0, 3).map(Math.round).join(', ')} ms`);
console.log(`the command took ${seconds.toFixed(1)} s and ended with ${code}`);
await Promise.all(clients.map((client) => client.end()));
