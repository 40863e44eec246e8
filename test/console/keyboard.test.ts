import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { executablePath } from './browser.ts';
import { sendAs, useOperator } from './operator.ts';

const add = `mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { id } } }`;
const addPerson = (page: Page, displayName: string, email: string) =>
  sendAs(page, add, { input: { kind: 'PERSON', displayName, email } });

/** Moves the focus by Tab until it is on what has this name. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const isThere = () =>
    page.evaluate(() => {
      const focused = document.activeElement;
      const label = focused?.id ? document.querySelector(`label[for="${focused.id}"]`) : null;
      return focused?.getAttribute('aria-label') ?? label?.textContent ?? focused?.textContent ?? '';
    });
  for (let presses = 0; presses < 80; presses++) {
    const found = (await isThere()).trim();
    if (typeof name === 'string' ? found === name : name.test(found)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not lead to ${name}.`);
}

describe.skipIf(executablePath === undefined)('by the keyboard alone an operator', () => {
  const { at } = useOperator();

  test('finds somebody by half a telephone number', async () => {
    const page = await at('/');
    await page.getByRole('heading', { name: 'Who is on the other end?' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Find' }).waitFor();
    await page.keyboard.type('555-0108');
    await page
      .getByRole('menuitem', { name: /Dorothy Vaughan/ })
      .first()
      .waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Dorothy Vaughan', level: 1 }).waitFor();
  });

  test('makes two people one, and undoes it', async () => {
    const page = await at('/');
    await addPerson(page, 'Emmy Noether', 'emmy@example.com');
    await addPerson(page, 'Amalie Noether', 'amalie@example.com');
    await page.getByRole('heading', { name: 'Who is on the other end?' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Find' }).waitFor();
    await page.keyboard.type('merge people');
    await page.getByRole('menuitem', { name: 'Merge people', exact: true }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Those who are the same' }).waitFor();
    for (const [label, typed, name] of [
      ['Who stays', 'emmy', 'Emmy Noether'],
      ['Who is merged away', 'amalie', 'Amalie Noether'],
    ] as const) {
      await tabTo(page, label);
      await page.keyboard.type(typed);
      await page.getByRole('option', { name: new RegExp(name) }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByRole('article').getByRole('link', { name }).waitFor();
    }
    await page.getByRole('region', { name: 'What will be' }).waitFor();
    await tabTo(page, 'Merge');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'They are one' }).waitFor();
    await tabTo(page, 'Undo the merge…');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    await tabTo(page, 'Undo the merge');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor({ state: 'detached' });
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Find' }).waitFor();
    await page.keyboard.type('amalie');
    await page.getByRole('menuitem', { name: /Amalie Noether/ }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Amalie Noether', level: 1 }).waitFor();
    expect(await page.getByText('amalie@example.com').count()).toBeGreaterThan(0);
  });
});
