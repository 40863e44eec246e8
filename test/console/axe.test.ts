import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { executablePath } from './browser.ts';
import { useOperator } from './operator.ts';

describe.skipIf(executablePath === undefined)('an operator who cannot see the screen', () => {
  const { at } = useOperator();

  const pages = [
    '/',
    '/agents/support-bot/contacts',
    '/people/01900000-0000-7000-8000-000000001001',
    '/find?q=ada',
    '/inbox',
    '/senders',
    '/merge',
    '/merge?of=people',
    '/duplicates',
    '/imports',
    '/avatars',
    '/agents',
    '/integrations',
    '/keys',
    '/history',
  ];
  test.each(pages)('is hindered by nothing that axe finds at %s', async (path) => {
    const page = await at(path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.locator('.spinner').first().waitFor({ state: 'detached' });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await violations(page), colorScheme).toEqual([]);
    }
  });
});

type AxeResults = { passes: unknown[]; violations: { id: string; nodes: { html: string }[] }[] };

/** What axe finds, as rule and element. The page's policy forbids other scripts, so axe is evaluated from outside. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const found = await page.evaluate<AxeResults>('axe.run()');
  expect(found.passes.length).toBeGreaterThan(10);
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
