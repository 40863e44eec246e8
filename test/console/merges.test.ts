import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { executablePath } from './browser.ts';
import { sendAs, signInWith, useOperator } from './operator.ts';

const add = `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }`;
const merge = `mutation ($into: ID!, $from: [ID!]!) {
  mergeParticipants(input: { intoId: $into, fromIds: $from }) { merge { id } } }`;

/** Adds two people with an address each. */
async function addTwo(page: Page): Promise<{ into: string; from: string }> {
  type Configs = { integrationConfigs: { id: string; provider: string }[] };
  const { integrationConfigs } = await sendAs<Configs>(page, '{ integrationConfigs { id provider } }', {});
  const integrationConfigId = integrationConfigs.find(({ provider }) => provider === 'sms')?.id;
  const person = async (displayName: string, address: string): Promise<string> => {
    const input = { kind: 'PERSON', displayName, channels: [{ integrationConfigId, address }] };
    type Added = { createParticipant: { participant: { id: string } } };
    return (await sendAs<Added>(page, add, { input })).createParticipant.participant.id;
  };
  return { into: await person('Emilie du Chatelet', '+14155550881'), from: await person('Emily', '+14155550882') };
}

/** Adds two people, and merges the second into the first. */
async function mergeTwo(page: Page): Promise<{ into: string; from: string }> {
  const { into, from } = await addTwo(page);
  await sendAs(page, merge, { into, from: [from] });
  return { into, from };
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

  test('are told on the way back to their preview, and undone there', async () => {
    const page = await at('/');
    const { into, from } = await addTwo(page);
    await page.goto(`${operator.url()}/merge?of=people&into=${into}&from=${from}`);
    await page.getByRole('button', { name: 'Merge', exact: true }).click();
    await page.getByRole('heading', { name: 'They are one' }).waitFor();
    await page.goBack();
    const merged = page.getByRole('region', { name: 'Merged already' });
    await merged.getByText('Emily is merged into Emilie du Chatelet').waitFor();
    await page.getByRole('article', { name: 'Merged away already, into' }).waitFor();
    await merged.getByRole('link', { name: 'Emilie du Chatelet' }).waitFor();
    expect(await page.getByText('CONFLICT').count()).toBe(0);
    expect(await page.getByRole('main').innerText()).not.toContain(from);
    await merged.getByRole('button', { name: 'Undo the merge…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Undo the merge' }).click();
    // Both are as they were, and may be merged again.
    await page.getByRole('region', { name: 'What will be' }).getByText('moves here').waitFor();
    await page.getByRole('article', { name: 'Is merged away' }).getByRole('link', { name: 'Emily' }).waitFor();
    await merged.getByText('Emily was merged into Emilie du Chatelet').waitFor();
    operator.faults = operator.faults.filter((fault) => !fault.includes('409'));
  });

  test('lead on from the preview of somebody who was merged into a third', async () => {
    const page = await at('/');
    const { into, from } = await mergeTwo(page);
    const { into: other } = await addTwo(page);
    await page.goto(`${operator.url()}/merge?of=people&into=${from}&from=${other}`);
    const merged = page.getByRole('region', { name: 'Merged already' });
    await merged.getByRole('link', { name: 'Emilie du Chatelet' }).click();
    await page.waitForURL(`**/people/${into}`);
    operator.faults = operator.faults.filter((fault) => !fault.includes('409'));
  });
});
