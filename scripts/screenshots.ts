/** Makes the pictures of the documents anew, from a fresh demo tenant. Needs Chromium. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { examples } from '../src/demo/tenant.ts';
import { launch } from '../test/console/browser.ts';
import { buildConsole } from '../test/setup/built.ts';

type Picture = { name: string; path: string; colorScheme?: 'dark'; ready(page: Page): Promise<unknown> };

const pictures: readonly Picture[] = [
  {
    name: 'console',
    path: '/agents/support-bot/contacts',
    ready: (page) => page.getByRole('link', { name: 'Ada Lovelace' }).waitFor(),
  },
  {
    name: 'console-person',
    path: `/people/${examples.participantId}`,
    colorScheme: 'dark',
    ready: (page) =>
      page
        .getByRole('region', { name: /^History/ })
        .getByRole('listitem')
        .first()
        .waitFor(),
  },
  {
    name: 'graphiql',
    path: '/graphql',
    async ready(page) {
      await page.waitForSelector('.graphiql-tab-active');
      await page.waitForTimeout(1_000);
      await page.locator('.graphiql-execute-button').click();
      await page.locator('.result-window').getByText('Ada Lovelace').first().waitFor();
    },
  },
];

await buildConsole();
const dataDir = mkdtempSync(join(tmpdir(), 'rollcall-pictures-'));
const app = await createApp(readConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'error', AVATAR_WORKERS: '1' }));
const url = (await app.listen()).url.replace('127.0.0.1', 'localhost');
const browser = await launch();
for (const { name, path, colorScheme = 'light', ready } of pictures) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 760 }, colorScheme });
  const page = await context.newPage();
  await page.goto(url + path);
  await ready(page);
  // Pictures of people come after their names.
  await page.waitForTimeout(500);
  await page.screenshot({ path: `docs/images/${name}.png` });
  await context.close();
}
await browser.close();
await app.close();
rmSync(dataDir, { recursive: true });
