import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../app.ts';

const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

describe.skipIf(executablePath === undefined)('the page that reads the documents, in a browser', () => {
  let service: TestApp;
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    service = await startApp({ PORT: '0' });
    ({ url } = await service.app.listen());
    browser = await chromium.launch({ executablePath: executablePath as string, args: ['--no-sandbox'] });
  });
  afterAll(async () => {
    await browser?.close();
    await service.close();
  });

  test('shows each face, asks no other host, and breaks no rule of its policy', async () => {
    const page = await browser.newPage();
    const asked = new Set<string>();
    const complaints: string[] = [];
    page.on('request', (request) => asked.add(new URL(request.url()).protocol === 'data:' ? url : request.url()));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${url}/openapi?face=users`);
    await page.getByText('/external/users/search').waitFor();
    await page.getByRole('link', { name: 'Participant directory' }).click();
    await page.getByText('/avatar:syncFromChannel').waitFor();
    expect([...asked].filter((one) => !one.startsWith(url))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
