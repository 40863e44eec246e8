import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../app.ts';

// CI installs Chromium. Elsewhere these tests are skipped where it is not installed.
const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

describe.skipIf(executablePath === undefined)('GraphiQL in a browser, on a fresh demo', () => {
  let service: TestApp;
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    service = await startApp({ DEMO: 'on', AVATAR_WORKERS: '1' });
    url = new URL('/graphql', (await service.app.listen()).url).href.replace('127.0.0.1', 'localhost');
    browser = await chromium.launch({ executablePath: executablePath as string, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await service.close();
  });

  async function open(): Promise<Page> {
    const page = await (await browser.newContext({ viewport: { width: 1280, height: 760 } })).newPage();
    await page.goto(url);
    await page.waitForSelector('.graphiql-tab-active');
    return page;
  }

  const active = (page: Page) => page.locator('.graphiql-tab-active .graphiql-tab-button').textContent();

  /** Presses the mouse on a tab and releases it where it was pressed, as a person does. */
  async function click(page: Page, tab: number): Promise<void> {
    const box = await page.locator('.graphiql-tab').nth(tab).boundingBox();
    if (!box) throw new Error(`there is no tab ${tab}`);
    await page.mouse.move(box.x + 20, box.y + box.height / 2);
    await page.mouse.down();
    await page.waitForTimeout(50);
    await page.mouse.up();
  }

  const tabs = ['ContactList', 'Unreachable', 'Inbox', 'WhoIs', 'Bind', 'Avatars', 'SyncAvatar'];

  /** Opens a tab and runs its operation; returns what the service answered. */
  async function run(page: Page, name: string): Promise<string> {
    await click(page, tabs.indexOf(name));
    await expect.poll(() => active(page)).toBe(name);
    // GraphiQL learns a little later which operation the tab has; until then it runs the one of the tab before.
    await page.waitForTimeout(500);
    const answered = page.waitForResponse((response) => response.request().postData()?.includes(`${name}"`) ?? false, {
      timeout: 10_000,
    });
    // While the answer before is being shown, the same button stops it.
    await page.locator('.graphiql-execute-button[aria-label^="Execute"]').click();
    const response = await answered.catch(() => null);
    return response ? response.text() : run(page, name);
  }

  test('each tab answers the first click', async () => {
    const page = await open();
    for (const [index, name] of [...tabs.entries()].reverse()) {
      await click(page, index);
      await expect.poll(() => active(page)).toBe(name);
    }
  });

  test('each tab shows something', async () => {
    const page = await open();
    expect(await run(page, 'ContactList')).toContain('Ada Lovelace');
    expect(await run(page, 'Unreachable')).toMatch(/"totalCount":[1-9]/);
    expect(await run(page, 'Inbox')).toMatch(/"totalCount":[1-9]/);
    expect(await run(page, 'WhoIs')).toContain('Ada Lovelace');
    expect(await run(page, 'Bind')).toContain('"created":true');
    expect(await run(page, 'Bind')).toContain('"created":false');
  });

  test('an avatar that is synced in one window arrives in another', async () => {
    const [listening, other] = [await open(), await open()];
    await click(listening, tabs.indexOf('Avatars'));
    await listening.waitForTimeout(500);
    await listening.locator('.graphiql-execute-button').click();
    const heard = listening.locator('.result-window').getByText('SYNCED').first();
    // The stream opens a little after the click, so the sync is repeated until it is heard.
    await expect
      .poll(
        async () => {
          expect(await run(other, 'SyncAvatar')).toContain('"avatarSource":"CHANNEL"');
          return heard.isVisible();
        },
        { timeout: 60_000 },
      )
      .toBe(true);
  });

  test('the documentation begins with what the schema is for', async () => {
    const page = await open();
    await page.getByRole('button', { name: /documentation explorer/i }).click();
    await page.getByText('Rollcall answers one question').waitFor();
  });
});
