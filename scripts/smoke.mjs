/**
 * Starts the built server as a newcomer would, on an empty folder, asks it something, changes something, and stops it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const dataDir = mkdtempSync(join(tmpdir(), 'rollcall-smoke-'));
const port = 20_000 + (process.pid % 20_000);
const env = {
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  DATA_DIR: dataDir,
  PORT: String(port),
  LOG_LEVEL: 'warn',
};
const server = spawn(process.execPath, ['dist/main.js'], { env, stdio: 'inherit' });
const exited = new Promise((resolve) => server.once('exit', resolve));
const url = `http://127.0.0.1:${port}`;

function expect(condition, what) {
  if (!condition) throw new Error(`smoke test: ${what}`);
  console.log(`ok  ${what}`);
}

try {
  for (let attempt = 1; ; attempt++) {
    const ready = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) break;
    if (attempt > 120 || server.exitCode !== null) throw new Error('smoke test: the server does not come up');
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const token = execFileSync(process.execPath, ['dist/commands/print-token.js'], { env }).toString().trim();
  const graphql = async (query) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query }),
    });
    return response.json();
  };
  const { data } = await graphql(
    '{ viewer { tenant { name } } participants(agentId: "support-bot") { id displayName avatarUrl } }',
  );
  expect(data.viewer.tenant.name === 'Demo' && data.participants.length > 5, 'the demo tenant answers');
  const pictured = data.participants.find(({ avatarUrl }) => avatarUrl);
  const picture = await fetch(pictured.avatarUrl.replace('localhost', '127.0.0.1'));
  expect(picture.headers.get('content-type') === 'image/webp', 'an avatar is served');
  const bound = await graphql(
    `mutation { bindParticipant(input: { participantId: "${pictured.id}", agentId: "sales-bot" }) { binding { id } } }`,
  );
  expect(bound.data?.bindParticipant.binding.id, 'a mutation works');
  const wrong = await graphql('mutation { createAgent(input: { id: "not an id", name: "" }) { agent { id } } }');
  expect(wrong.errors?.[0].extensions.code === 'VALIDATION_FAILED', 'wrong input is told so');
  expect(
    (
      await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"query":"{agents{id}}"}',
      })
    ).status === 401,
    'nobody gets in without a credential',
  );
  const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } });
  expect((await page.text()).includes('GraphiQL'), 'GraphiQL opens');
  // What is read from files beside the code, or loaded when it is first asked for.
  const screens = await fetch(url, { headers: { accept: 'text/html' } });
  expect((await screens.text()).includes('<script type="module"'), 'the console opens');
  const openapi = await fetch(`${url}/openapi/directory.json`);
  expect((await openapi.json()).openapi, 'a REST face describes itself');
  const tools = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
  });
  expect((await tools.text()).includes('who_is'), 'agents are told their tools');
  server.kill('SIGTERM');
  expect((await exited) === 0, 'SIGTERM ends it with 0');
} finally {
  server.kill('SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
}
