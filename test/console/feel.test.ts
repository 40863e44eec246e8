import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { examples } from '../../src/demo/tenant.ts';
import { executablePath } from './browser.ts';
import { sendAs, useOperator } from './operator.ts';

/** What the pages are like where much, little or nothing comes, and without a mouse. */
describe.skipIf(executablePath === undefined)('the console', () => {
  const operator = useOperator();
  const { at } = operator;

  const pages = [
    '/',
    '/agents/support-bot/contacts',
    `/people/${examples.participantId}`,
    '/find?q=margaret',
    '/inbox',
    '/senders',
    '/duplicates',
    '/merge?of=people',
    '/imports',
    '/avatars',
    '/integrations',
    '/keys',
    '/history',
  ];
  test.each([360, 3840])('fits into %i pixels', async (width) => {
    const page = await at('/', { viewport: { width, height: 800 } });
    for (const path of pages) {
      await page.goto(operator.url() + path);
      await settled(page);
      expect([path, await page.evaluate('document.documentElement.scrollWidth - innerWidth')]).toEqual([path, 0]);
    }
  });

  test.each([360, 1280])('keeps the sign-in within its box at %i pixels', async (width) => {
    const page = await at('/', { viewport: { width, height: 800 } });
    await page.getByRole('button', { name: 'Sign out' }).click();
    const box = await page.getByRole('main').boundingBox();
    for (const inside of [page.getByRole('button', { name: 'Continue as' }), page.getByLabel('Access key')]) {
      const { x, width: wide } = (await inside.boundingBox()) ?? { x: 0, width: 9_999 };
      expect(x + wide).toBeLessThan((box?.x ?? 0) + (box?.width ?? 0));
    }
  });

  test('asks for the first screen once, before the other scripts have come', async () => {
    const page = await at('/keys');
    await page.goto('about:blank');
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/graphql')) asked.push(JSON.parse(request.postData() ?? '{}').operationName);
    });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route(/\/assets\/main-.*js$/, async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${operator.url()}/agents/support-bot/contacts`, { waitUntil: 'commit' });
    await page.getByRole('status').getByText('Loading').waitFor({ state: 'attached' });
    await page.locator('.coming .brand').waitFor();
    await expect.poll(() => asked.toSorted()).toEqual(['Agents', 'Contacts', 'Viewer']);
    release();
    await page.getByRole('row', { name: /Ada Lovelace/ }).waitFor();
    await page.locator('.coming').waitFor({ state: 'hidden' });
    await expect
      .poll(() => asked.toSorted())
      .toEqual(['Agents', 'ContactCounts', 'Contacts', 'ContactsChanged', 'Viewer']);
  });

  test('narrows the history to an actor, an operation and days, at an address that can be sent', async () => {
    const page = await at('/history');
    const rename = `mutation ($id: ID!) { updateParticipant(input: { participantId: $id, email: "ada@example.com" }) { participant { id } } }`;
    await sendAs(page, rename, { id: examples.participantId });
    await page.reload();
    const changes = page.locator('.history > li');
    const renamed = changes.filter({ hasText: 'updateParticipant' });
    await renamed.waitFor();
    expect(await changes.count()).toBeGreaterThan(1);
    await renamed.getByRole('link', { name: 'developer' }).click();
    await expect.poll(() => page.getByLabel('By').inputValue()).toBe('developer');
    await page.getByLabel('Operation').pressSequentially('updateParticipan');
    await page.keyboard.press('t');
    await expect.poll(() => changes.count()).toBe(1);
    await page.getByRole('button', { name: 'Yesterday' }).click();
    await page.getByText('No change fits this').waitFor();
    expect(new URL(page.url()).search).toMatch(
      /actor=developer&operation=updateParticipant&from=[\d-]{10}&to=[\d-]{10}/,
    );
    await page.goBack();
    await renamed.waitFor();
    await page.reload();
    await renamed.waitFor();
    expect(await page.getByLabel('Operation').inputValue()).toBe('updateParticipant');
    // The days are those of the operator, and the last one counts.
    await page.getByRole('button', { name: 'Today' }).click();
    await expect.poll(() => page.getByLabel('To').inputValue()).not.toBe('');
    await renamed.waitFor();
    await page.getByLabel('From').fill('2026-01-01');
    await page.getByLabel('To').fill('2026-01-31');
    await page.getByRole('button', { name: 'show every change' }).click();
    await expect.poll(() => changes.count()).toBeGreaterThan(1);
    expect(new URL(page.url()).search).toBe('');
    // What the service did by itself can be left out, and shown alone.
    const bySystem = changes.filter({ hasText: '(system)' });
    await bySystem.first().waitFor();
    await page.getByLabel('Kind').selectOption('All but the service itself');
    await expect.poll(() => bySystem.count()).toBe(0);
    await renamed.waitFor();
    expect(new URL(page.url()).search).toBe('?kind=callers');
    await page.reload();
    await renamed.waitFor();
    expect(await bySystem.count()).toBe(0);
    await page.getByLabel('Kind').selectOption('The service itself');
    await renamed.waitFor({ state: 'detached' });
    await bySystem.first().waitFor();
  });

  test('keeps the focus beside the work, when a secret comes and when its row goes', async () => {
    const page = await at('/keys');
    await page.getByLabel('Name').fill('Nightly report');
    await page.getByLabel('users:read').check();
    await page.getByLabel('users:read').press('Enter');
    await page.locator('input[aria-label="Access key"]:focus').waitFor();
    expect(await page.getByLabel('users:read').isChecked()).toBe(false);
    await page.getByRole('listitem').filter({ hasText: 'Nightly report' }).getByRole('button').press('Enter');
    await page.getByRole('alertdialog').getByRole('button', { name: 'Revoke' }).press('Enter');
    // The dialog names the key, too, until it is closed.
    await page.getByText('Nightly report').first().waitFor({ state: 'detached' });
    await page.locator('section:focus').getByText('Working keys').waitFor();
  });

  test('shows names of any direction in theirs, without moving what is beside them', async () => {
    const page = await at('/', { viewport: { width: 360, height: 800 } });
    const name = 'عبد الرحمن بن محمد الخوارزمي — مؤسس علم الجبر';
    const add = `mutation ($name: String!) { createParticipant(input: { kind: PERSON, displayName: $name, agentIds: ["sales-bot"] }) { participant { id } } }`;
    type Added = { createParticipant: { participant: { id: string } } };
    const { createParticipant } = await sendAs<Added>(page, add, { name });
    await page.goto(`${operator.url()}/people/${createParticipant.participant.id}`);
    await page.locator('h1:dir(rtl)').getByText(name).or(page.locator('h1:dir(rtl)')).first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
    await page.goto(`${operator.url()}/agents/sales-bot/contacts?q=${encodeURIComponent('الخوارزمي')}`);
    await page.getByRole('link', { name }).waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBe(0);
  });

  test('says that the network is cut, and afterwards what is true then', async () => {
    const page = await at('/agents/support-bot/contacts');
    const row = page.getByRole('row', { name: /Ada Lovelace/ });
    await row.getByText('Reachable').waitFor();
    await page.context().setOffline(true);
    await page.getByText('You are offline. What you see may be out of date.').waitFor();
    await page.getByText('Reconnecting').waitFor();
    const other = await at('/');
    const disable = `mutation ($id: ID!) { disableParticipant(input: { participantId: $id }) { participant { id } } }`;
    await sendAs(other, disable, { id: examples.participantId });
    await page.context().setOffline(false);
    await row.getByText('Disabled').waitFor();
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('You are offline').waitFor({ state: 'detached' });
  });

  test('waits where it is for a screen that the cut network has not brought', async () => {
    const page = await at('/agents/support-bot/contacts');
    const row = page.getByRole('row', { name: /Barbara Liskov/ });
    await row.waitFor();
    await page.context().setOffline(true);
    await page.getByRole('link', { name: 'Keys' }).click();
    await page.waitForTimeout(500);
    expect(await row.isVisible()).toBe(true);
    await page.context().setOffline(false);
    await page.getByRole('heading', { name: 'Keys', exact: true }).waitFor();
    operator.faults = operator.faults.filter((fault) => !fault.includes('ERR_INTERNET_DISCONNECTED'));
  });

  test('is worked by the keyboard alone, from the palette to a decision', async () => {
    const page = await at('/');
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.type('unknown');
    await page.getByRole('menuitem', { name: 'Unknown senders' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Reject…' }).first().waitFor();
    const count = () => page.getByRole('button', { name: 'Reject…' }).count();
    // The list is there when it does not grow any more.
    let waiting = 0;
    await expect
      .poll(
        async () => {
          const before = waiting;
          waiting = await count();
          return waiting > 0 && waiting === before;
        },
        { interval: 500 },
      )
      .toBe(true);
    await tabTo(page, 'Reject…');
    await page.keyboard.press('Enter');
    await page.getByRole('alertdialog').waitFor();
    await tabTo(page, 'Reject');
    await page.keyboard.press('Enter');
    await expect.poll(count, { timeout: 60_000 }).toBe(waiting - 1);
  });
});

/** Waits until the page has what it asked for. */
async function settled(page: Page): Promise<void> {
  await page.getByRole('heading', { level: 1 }).waitFor();
  await page.locator('.spinner').first().waitFor({ state: 'detached' });
}

/** Presses Tab until a button has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press('Tab');
    if ((await page.evaluate('document.activeElement.textContent')) === name) return;
  }
  throw new Error(`No button ${name} is reached by Tab.`);
}
