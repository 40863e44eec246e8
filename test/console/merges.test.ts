import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { executablePath } from './browser.ts';
import { sendAs, signInWith, useOperator } from './operator.ts';

const add = `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }`;
const merge = `mutation ($into: ID!, $from: [ID!]!) {
  mergeParticipants(input: { intoId: $into, fromIds: $from }) { merge { id } } }`;

/** Adds two people with an address each, and merges the second into the first. */
async function mergeTwo(page: Page): Promise<{ into: string }> {
  type Configs = { integrationConfigs: { id: string; provider: string }[] };
  const { integrationConfigs } = await sendAs<Configs>(page, '{ integrationConfigs { id provider } }', {});
  const integrationConfigId = integrationConfigs.find(({ provider }) => provider === 'sms')?.id;
  const person = async (displayName: string, address: string): Promise<string> => {
    const input = { kind: 'PERSON', displayName, channels: [{ integrationConfigId, address }] };
    type Added = { createParticipant: { participant: { id: string } } };
    return (await sendAs<Added>(page, add, { input })).createParticipant.participant.id;
  };
  const [into, from] = [await person('Emilie du Chatelet', '+14155550881'), await person('Emily', '+14155550882')];
  await sendAs(page, merge, { into, from: [from] });
  return { into };
}

describe.skipIf(executablePath === undefined)('the merges on somebody’s page', () => {
  const operator = useOperator();
  const { at } = operator;

  test('say who was merged, who did it and what was dropped, and are undone there', async () => {
    const page = await at('/');
    const { into } = await mergeTwo(page);
    await page.goto(`${operator.url()}/people/${into}`);
    const merges = page.getByRole('region', { name: 'Merges 1' });
    await merges.getByText('Emily is merged into Emilie du Chatelet').waitFor();
    await merges.getByText(/^By .*user/).waitFor();
    await merges.getByText('1 field that both had').click();
    await merges.getByRole('cell', { name: 'Emily' }).waitFor();
    await page.getByRole('region', { name: 'Channels 2' }).waitFor();
    await merges.getByRole('button', { name: 'Undo the merge…' }).click();
    const dialog = page.getByRole('alertdialog', { name: 'Undo the merge of Emily?' });
    await dialog.getByRole('button', { name: 'Undo the merge' }).click();
    await merges.getByText('Emily was merged into Emilie du Chatelet').waitFor();
    await page.getByRole('region', { name: 'Channels 1' }).waitFor();
    expect(await merges.getByRole('button', { name: 'Undo the merge…' }).count()).toBe(0);
    await merges.getByRole('link', { name: 'Emily' }).click();
    await page.getByRole('heading', { name: 'Emily', level: 1 }).waitFor();
    await page.getByText('Nobody was merged into them').waitFor();
    // The tenant's history leads to who was changed.
    await page.goto(`${operator.url()}/history`);
    await page.getByRole('link', { name: 'the participant' }).first().click();
    await page.waitForURL('**/people/*');
  });

  test('are not undone without the scope, and name it', async () => {
    const page = await at('/');
    const { into } = await mergeTwo(page);
    await page.goto(`${operator.url()}/people/${into}`);
    await signInWith(page, ['PARTICIPANTS_READ']);
    const merges = page.getByRole('region', { name: 'Merges 1' });
    await merges.getByText('participants:write').waitFor();
    expect(await merges.getByRole('button', { name: 'Undo the merge…' }).count()).toBe(0);
  });

  test('say why they could not be read, and are asked for again', async () => {
    const page = await at('/');
    const { into } = await mergeTwo(page);
    const isList = (body: string | null) => body?.includes('"operationName":"PersonMerges"') ?? false;
    await page.route('**/graphql', (route) =>
      isList(route.request().postData()) ? route.abort('connectionreset') : route.continue(),
    );
    await page.goto(`${operator.url()}/people/${into}`);
    const merges = page.getByRole('region', { name: /^Merges/ });
    await merges.getByText('The service does not answer.').waitFor();
    operator.faults.splice(0);
    await page.unroute('**/graphql');
    await merges.getByRole('button', { name: 'Try again' }).click();
    await merges.getByText('Emily is merged into Emilie du Chatelet').waitFor();
  });
});
