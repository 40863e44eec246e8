/**
 * Measures how much memory the server takes while the avatars that it syncs are as bad as can be:
 *
 * npx tsx scripts/avatar-memory.ts [syncs of each kind, 40 unless said]
 *
 * Starts a stand-in for Slack here and the server in a process of its own, lets it sync good pictures first and then
 * each kind of bad one, and prints the server's resident memory: at its most meanwhile, and 2 s after.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { animated, bomb, cmyk, png, truncated } from '../test/fakes/images.ts';
import { type FakeSlackUser, startFakeSlack } from '../test/fakes/slack.ts';

const each = Number(process.argv[2] ?? 40);
const slack = await startFakeSlack();
const folder = mkdtempSync(join(tmpdir(), 'rollcall-memory-'));
const env = {
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  DATA_DIR: folder,
  PORT: '0',
  SLACK_API_URL: slack.apiUrl,
  EGRESS_ALLOW: slack.host,
  PROVIDER_TIMEOUT_MS: '500',
  JOB_LEASE_MS: '1000',
};
const server = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
});
let output = '';
server.stdout.on('data', (data) => {
  output += data;
});
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

try {
  while (!/answers at (\S+)\/graphql/.test(output)) await pause(100);
  const url = /answers at (\S+)\/graphql/.exec(output)?.[1];
  const token = execFileSync(process.execPath, ['--import', 'tsx', 'src/commands/print-token.ts'], { env })
    .toString()
    .trim();
  const graphql = async (query: string, variables: object = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: Record<string, never>; errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
    return data as Record<string, { [name: string]: { id: string; state: string } }>;
  };
  const created = await graphql(
    'mutation { createIntegrationConfig(input: { provider: "slack", name: "Memory" }) { integrationConfig { id } } }',
  );
  const config = created['createIntegrationConfig']?.['integrationConfig']?.id;
  await graphql(
    'mutation ($id: ID!) { connectIntegration(input: { id: $id, token: "xoxb-good" }) { integrationConfig { id } } }',
    { id: config },
  );

  const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1_024;
  let round = 0;
  const measure = async (kind: string, user: FakeSlackUser) => {
    round += 1;
    const agentId = `round-${round}`;
    await graphql('mutation ($id: String!) { createAgent(input: { id: $id, name: $id }) { agent { id } } }', {
      id: agentId,
    });
    let max = 0;
    const sampling = setInterval(() => {
      max = Math.max(max, resident());
    }, 20);
    for (let n = 0; n < each; n += 1) {
      const address = `U0R${round}N${n}`;
      slack.users.set(address, user);
      const input = {
        kind: 'PERSON',
        displayName: address,
        agentIds: [agentId],
        channels: [{ integrationConfigId: config, address }],
      };
      await graphql(
        'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }',
        {
          input,
        },
      );
    }
    const open = async () => {
      const { participants } = await graphql(
        'query ($id: ID!) { participants(agentId: $id) { avatarAutoSync { synced } } }',
        {
          id: agentId,
        },
      );
      return (participants as unknown as { avatarAutoSync: unknown }[]).filter(
        ({ avatarAutoSync }) => avatarAutoSync === null,
      ).length;
    };
    while ((await open()) > 0) await pause(100);
    clearInterval(sampling);
    await pause(2_000);
    console.log(
      `${kind.padEnd(34)} ${max.toFixed(0).padStart(6)} MB at most ${resident().toFixed(0).padStart(6)} MB after`,
    );
  };

  console.log(`${each} syncs of each kind; before them ${resident().toFixed(0)} MB`);
  await measure('good, 300 × 200', { image: await png() });
  await measure('good, 6,000 × 4,000', { image: await png(6_000, 4_000) });
  await measure('good, 300 × 200, again', { image: await png() });
  await measure('1 × 1', { image: await png(1, 1) });
  await measure('20,000 × 20,000', { image: bomb() });
  await measure('animated GIF', { image: await animated('gif') });
  await measure('CMYK', { image: await cmyk() });
  await measure('cut off', { image: await truncated() });
  await measure('wrong header', { image: new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 1, 2, 3]) });
  await measure('bytes without end', { image: await png(), imageTrouble: 'oversize' });
  await measure('a trickle (five attempts each)', { image: await png(), imageTrouble: 'trickle' });
} finally {
  const exited = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGTERM');
  await exited;
  await slack.close();
  rmSync(folder, { recursive: true, force: true });
}
