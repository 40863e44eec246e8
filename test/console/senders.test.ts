import { describe, expect, test } from 'vitest';
import { executablePath } from './browser.ts';
import { sendAs, useOperator } from './operator.ts';

describe.skipIf(executablePath === undefined)('an operator who decides about senders', () => {
  const { at } = useOperator();

  test('finds who they are without the accents, and keeps them while going through the dialog', async () => {
    const page = await at('/senders');
    const add =
      'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }';
    await sendAs(page, add, { input: { kind: 'PERSON', displayName: 'Renée Falconetti' } });
    await page.getByRole('listitem').filter({ hasText: 'Grace H.' }).getByRole('button', { name: 'Approve…' }).click();
    const dialog = page.getByRole('alertdialog');
    const who = dialog.getByRole('combobox');
    await who.focus();
    await page.keyboard.press('Tab');
    expect(await who.inputValue()).toBe('Grace Hopper');
    expect(await dialog.getByRole('button', { name: 'Approve' }).isEnabled()).toBe(true);
    for (const typed of ['renee', 'RENÉE', 'Rene\u0301e']) {
      await who.fill(typed);
      await page.getByRole('option', { name: /Renée Falconetti/ }).waitFor();
      // While the list is open, all else is hidden from readers of the screen.
      expect(await page.locator('[role=alertdialog] button[type=submit]').isDisabled()).toBe(true);
    }
    await page.getByRole('option', { name: /Renée Falconetti/ }).click();
    // What was chosen stays chosen, also when the field is made anew.
    await dialog.getByRole('radio', { name: /As a new person/ }).check();
    await dialog.getByRole('radio', { name: /As somebody who is known/ }).check();
    await who.focus();
    await page.keyboard.press('Tab');
    expect(await who.inputValue()).toBe('Renée Falconetti');
    expect(await dialog.getByRole('button', { name: 'Approve' }).isEnabled()).toBe(true);
  });

  test('chooses an agent for who wrote to none, and makes no channel', async () => {
    const page = await at('/senders');
    const card = page.getByRole('listitem').filter({ hasText: '700800900' });
    await card.getByRole('button', { name: 'Approve…' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByRole('radio', { name: /Without a new channel/ }).check();
    await dialog.getByRole('combobox').fill('barbara');
    await page.getByRole('option', { name: /Barbara Liskov/ }).click();
    await dialog.getByText('Choose at least one').waitFor();
    expect(await dialog.getByRole('button', { name: 'Approve' }).isDisabled()).toBe(true);
    await dialog.getByRole('checkbox', { name: 'Onboarding' }).check();
    await dialog.getByRole('button', { name: 'Approve' }).click();
    await card.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Approved' }).click();
    await card.getByText(/Last decided .* by developer/).waitFor();
    await card.getByRole('link', { name: 'Barbara Liskov' }).click();
    await page
      .getByRole('button', { name: /Onboarding/ })
      .or(page.getByRole('link', { name: 'Onboarding' }))
      .first()
      .waitFor();
    const channels = page.getByRole('region', { name: /^Channels/ });
    await channels.getByText('U01BARB001').waitFor();
    expect(await channels.getByText('700800900').count()).toBe(0);
  });

  test('rejects with a reason, blocks, and takes the block back', async () => {
    const page = await at('/senders');
    const card = page.getByRole('listitem').filter({ hasText: 'Emmy Noether' });
    const dialog = page.getByRole('alertdialog');
    await card.getByRole('button', { name: 'Reject…' }).click();
    await dialog.getByLabel('Note').fill('asks for a password');
    await dialog.getByRole('button', { name: 'Reject' }).click();
    await card.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Rejected' }).click();
    await card.getByText('“asks for a password”').waitFor();
    await card.getByRole('button', { name: 'Block…' }).click();
    await dialog.getByLabel('Note').fill('again');
    await dialog.getByRole('button', { name: 'Block' }).click();
    await card.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Blocked' }).click();
    await card.getByText('“again”').waitFor();
    await card.getByRole('button', { name: 'Unblock' }).click();
    await card.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Waits' }).click();
    await card.getByRole('button', { name: 'Approve…' }).waitFor();
  });
});
