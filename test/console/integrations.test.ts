import { afterAll, describe, expect, test } from 'vitest';
import { startFakeSlack } from '../fakes/slack.ts';
import { executablePath } from './browser.ts';
import { sendAs, useOperator } from './operator.ts';

const slack = await startFakeSlack();
afterAll(() => slack.close());

describe.skipIf(executablePath === undefined)('an integration in the console', () => {
  const operator = useOperator({
    SLACK_API_URL: slack.apiUrl,
    EGRESS_ALLOW: slack.host,
    SLACK_CLIENT_ID: slack.authorization.clientId,
    SLACK_CLIENT_SECRET: slack.authorization.clientSecret,
  });
  const { at } = operator;

  /** Creates a Slack integration on the page. */
  async function created(name: string) {
    const page = await at('/integrations');
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Create' }).click();
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name }) });
    await card.getByText('Not connected').waitFor();
    return { page, card };
  }

  test('says that a token was saved and not checked, and that the provider has refused it', async () => {
    const { page, card } = await created('By token');
    await card.getByLabel('Bot token').fill('nonsense');
    await card.getByRole('button', { name: 'Connect', exact: true }).click();
    await card.getByText('Token saved', { exact: true }).waitFor();
    await card.getByText('was not asked about the token').waitFor();
    expect(await card.getByText('Connected', { exact: true }).count()).toBe(0);
    // The first use checks it: here, a sync of a new person's picture in the background.
    type Configs = { integrationConfigs: { id: string; name: string }[] };
    const { integrationConfigs } = await sendAs<Configs>(page, '{ integrationConfigs { id name } }', {});
    const integrationConfigId = integrationConfigs.find(({ name }) => name === 'By token')?.id;
    const create =
      'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }';
    await sendAs(page, create, {
      input: {
        kind: 'PERSON',
        displayName: 'Mary Somerville',
        channels: [{ integrationConfigId, address: 'U0SOMERVILLE' }],
      },
    });
    await card.getByText('Token refused', { exact: true }).waitFor();
    await card.getByText('Nobody is reached until it is connected again').waitFor();
    await card.getByLabel('Bot token').fill('xoxb-good');
    await card.getByRole('button', { name: 'Connect', exact: true }).click();
    await card.getByText('Token saved', { exact: true }).waitFor();
  });

  test('is connected in the browser, and the way leads back to it', async () => {
    const { page, card } = await created('By sign-in');
    await card.getByRole('button', { name: 'Connect in the browser' }).click();
    await page.getByRole('heading', { name: 'Slack is connected' }).waitFor();
    await page.getByRole('link', { name: 'Back to the integrations' }).click();
    await card.getByText('Connected', { exact: true }).waitFor();
    expect(await card.getByText('was not asked').count()).toBe(0);
  });

  test('shows a refusal where it would lie below the fold, and leaves the focus in the field', async () => {
    const page = await at('/integrations', { viewport: { width: 360, height: 320 } });
    await page.getByLabel('Provider').fill('not one');
    await page.getByLabel('Name').fill('Third');
    await page.getByLabel('Name').press('Enter');
    const alert = page.getByRole('alert');
    await alert.getByText('VALIDATION_FAILED').waitFor();
    const inView = () =>
      alert.evaluate((panel) => panel.getBoundingClientRect().top >= 0 && panel.getBoundingClientRect().bottom <= 320);
    await expect.poll(inView).toBe(true);
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Name');
  });
});
