import type { Locator, Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { executablePath } from './browser.ts';
import { sendAs, signInWith, useOperator } from './operator.ts';

/** Waits until the search for duplicates, which follows changes at its own pace, has found somebody. */
async function found(page: Page, who: Locator): Promise<void> {
  const isThere = async () => {
    await page.reload();
    await page.getByRole('heading', { level: 2 }).or(page.getByText('Nobody is here twice')).first().waitFor();
    return who.isVisible();
  };
  await expect.poll(isThere, { timeout: 60_000, interval: 2_000 }).toBe(true);
}

describe.skipIf(executablePath === undefined)('an operator who sees somebody twice', () => {
  const { at } = useOperator();

  test('tells two customers apart for good', async () => {
    const page = await at('/duplicates?of=users');
    const card = page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: 'Grace Hopper' }) });
    await found(page, card);
    await card.getByText('One person of the directory has the addresses of all of them.').waitFor();
    await card.getByText('Likely (70 %)').waitFor();
    await card.getByRole('button', { name: 'They are not the same' }).click();
    await card.waitFor({ state: 'detached' });
    await page.reload();
    await page.getByRole('heading', { name: 'Margaret Hamilton' }).waitFor();
    expect(await card.count()).toBe(0);
  });

  test('makes two people of the directory one, the one that they choose, and takes it back', async () => {
    const page = await at('/duplicates?of=people');
    await page.getByText('Nobody is here twice').waitFor();
    const add = `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }`;
    type Configs = { integrationConfigs: { id: string; provider: string }[] };
    const { integrationConfigs } = await sendAs<Configs>(page, '{ integrationConfigs { id provider } }', {});
    const person = (displayName: string, provider: string) => {
      const integrationConfigId = integrationConfigs.find((config) => config.provider === provider)?.id;
      const channels = [{ integrationConfigId, address: '+14155550777' }];
      return { input: { kind: 'PERSON', displayName, channels } };
    };
    await sendAs(page, add, person('Sofya Kovalevskaya', 'sms'));
    await sendAs(page, add, person('S. Kovalevskaya', 'whatsapp'));
    const both = page.getByRole('heading', { name: /Kovalevskaya and/ });
    await found(page, both);
    await page.getByText('They have the same telephone number.').waitFor();
    await page.getByRole('radio', { name: /S\. Kovalevskaya/ }).check();
    await page.getByRole('link', { name: 'Preview the merge…' }).click();
    const preview = page.getByRole('region', { name: 'What will be' });
    await preview.getByText('S. Kovalevskaya with 2 channels').waitFor();
    await preview.getByRole('listitem').filter({ hasText: 'SMS' }).getByText('moves here').waitFor();
    await preview.getByRole('button', { name: 'Merge' }).click();
    await page.getByRole('heading', { name: 'They are one' }).waitFor();
    await page.getByRole('main').getByRole('link', { name: 'S. Kovalevskaya' }).click();
    await page.getByRole('region', { name: 'Channels 2' }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'Undo the merge…' }).click();
    await page.getByRole('alertdialog').getByRole('button', { name: 'Undo the merge' }).click();
    await page.getByRole('heading', { name: 'A merge that was undone' }).waitFor();
    await page.getByRole('listitem').getByRole('link', { name: 'Sofya Kovalevskaya' }).click();
    await page.getByRole('heading', { name: 'Sofya Kovalevskaya' }).waitFor();
    await page.getByRole('region', { name: 'Channels 1' }).waitFor();
  });

  test('reads which scope is missing', async () => {
    const page = await at('/duplicates');
    await signInWith(page, ['PARTICIPANTS_READ']);
    await page.getByText('users:read').waitFor();
    expect(await page.getByRole('link', { name: 'Duplicates' }).count()).toBe(0);
  });

  test('reads which scope a decision needs', async () => {
    const page = await at('/duplicates?of=users');
    await signInWith(page, ['PARTICIPANTS_READ', 'PARTICIPANTS_WRITE', 'USERS_READ']);
    await page.getByText('does not include merging external users, or telling them apart (users:write)').waitFor();
    expect(await page.getByText('participants:write').count()).toBe(0);
    expect(await page.getByRole('link', { name: 'Preview the merge…' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'They are not the same' }).count()).toBe(0);
    await page.getByRole('button', { name: 'All' }).click();
    await page.getByText('does not include merging external users, or telling').waitFor();
  });
});
