import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { startApp, type TestApp } from '../app.ts';
import { buildConsole } from '../setup/built.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { launch, openPage } from './browser.ts';

/** Sends an operation with what a page of the demo tenant is signed in by. Fails with the errors of the answer. */
export async function sendAs<Data>(page: Page, query: string, variables: object): Promise<Data> {
  const settings = JSON.parse((await page.locator('#settings').textContent()) ?? '') as { token: string };
  const response = await page.request.post(new URL('/graphql', page.url()).href, {
    headers: { authorization: `Bearer ${settings.token}` },
    data: { query, variables },
  });
  const { data, errors } = (await response.json()) as { data: Data; errors?: object[] };
  expect(errors).toBeUndefined();
  return data;
}

/** Signs a page of the demo tenant in again, by a key that has these scopes. */
export async function signInWith(page: Page, scopes: readonly string[]): Promise<void> {
  const create = 'mutation ($input: CreateAccessKeyInput!) { createAccessKey(input: $input) { secret } }';
  type Created = { createAccessKey: { secret: string } };
  const { createAccessKey } = await sendAs<Created>(page, create, { input: { name: 'half', scopes } });
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Access key').fill(createAccessKey.secret);
  await page.getByRole('button', { name: 'Sign in with the key' }).click();
}

export type Operator = {
  service(): TestApp;
  browser(): Browser;
  url(): string;
  /** What went wrong in the page that was opened last. A test that provokes something takes it out. */
  faults: string[];
  /** Opens a page of the console. It is closed after the test, which fails if something went wrong in it. */
  at(path: string, options?: BrowserContextOptions): Promise<Page>;
};

/** Starts the service with the console and the demo tenant, and a browser, for all tests of a `describe`. */
export function useOperator(environment: Record<string, string> = {}): Operator {
  let service: TestApp;
  let own: Awaited<ReturnType<typeof createOwnDatabase>> | undefined;
  let browser: Browser;
  let url: string;
  let pages: Page[] = [];
  beforeAll(async () => {
    await buildConsole();
    const workers = { AVATAR_WORKERS: '1', IMPORT_WORKERS: '1' };
    // Files that run at the same time must not share the demo tenant: each has a storage of its own.
    own = await createOwnDatabase(inject('database'));
    service = await startApp({ DEMO: 'on', PORT: '0', ...workers, ...environment }, undefined, { database: own.place });
    url = (await service.app.listen()).url.replace('127.0.0.1', 'localhost');
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await service?.close();
    await own?.drop();
  });
  afterEach(async () => {
    expect(operator.faults).toEqual([]);
    await Promise.all(pages.map((page) => page.context().close()));
    pages = [];
  });
  const operator: Operator = {
    service: () => service,
    browser: () => browser,
    url: () => url,
    faults: [],
    async at(path, options) {
      const opened = await openPage(browser, url + path, options);
      operator.faults = opened.faults;
      pages.push(opened.page);
      return opened.page;
    },
  };
  return operator;
}
