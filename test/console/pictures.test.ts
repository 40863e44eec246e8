import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { png } from '../fakes/images.ts';
import { type FakeSlack, startFakeSlack } from '../fakes/slack.ts';
import { executablePath } from './browser.ts';
import { sendAs, useOperator } from './operator.ts';

describe.skipIf(executablePath === undefined)('the pictures of an agent’s contacts', () => {
  let slack: FakeSlack;
  // Filled before the service starts.
  const environment: Record<string, string> = {};
  beforeAll(async () => {
    slack = await startFakeSlack();
    slack.users.set('U0MAY', { image: await png(64, 64) });
    Object.assign(environment, { SLACK_API_URL: slack.apiUrl, EGRESS_ALLOW: slack.host });
  });
  const { at } = useOperator(environment);
  afterAll(() => slack?.close());

  test('are synced, those that failed are told with the reason, and taken when they are tried again', async () => {
    const page = await at('/');
    const make = `mutation ($config: CreateIntegrationConfigInput!, $agent: CreateAgentInput!) {
      createIntegrationConfig(input: $config) { integrationConfig { id } } createAgent(input: $agent) { agent { id } } }`;
    type Made = { createIntegrationConfig: { integrationConfig: { id: string } } };
    const { createIntegrationConfig } = await sendAs<Made>(page, make, {
      config: { provider: 'slack', name: 'Workspace of May' },
      agent: { id: 'picture-bot', name: 'Picture bot' },
    });
    const integrationConfigId = createIntegrationConfig.integrationConfig.id;
    const person = `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }`;
    await sendAs(page, person, {
      input: {
        kind: 'PERSON',
        displayName: 'May Sato',
        agentIds: ['picture-bot'],
        channels: [{ integrationConfigId, address: 'U0MAY' }],
      },
    });
    const connect = `mutation ($input: ConnectIntegrationInput!) { connectIntegration(input: $input) { integrationConfig { id } } }`;
    await sendAs(page, connect, { input: { id: integrationConfigId, token: 'xoxb-good' } });
    // Nobody of the name is known for now.
    const picture = slack.users.get('U0MAY')!;
    slack.users.delete('U0MAY');
    await page.goto(new URL('/avatars', page.url()).href);
    const bot = page.getByRole('region', { name: 'Picture bot' });
    await bot.getByRole('button', { name: 'Sync all' }).click();
    await bot.getByText(/0 pictures taken, .* 1 failed/).waitFor({ timeout: 20_000 });
    const failures = page.getByRole('region', { name: /^Given up/ });
    const row = failures.getByRole('listitem').filter({ hasText: 'May Sato' });
    await row.waitFor();
    slack.users.set('U0MAY', picture);
    await row.getByRole('button', { name: 'Try again' }).click();
    await row.waitFor({ state: 'detached' });
    await page.reload();
    await bot.getByText(/1 failed/).waitFor();
    expect(await row.count()).toBe(0);
  });
});
