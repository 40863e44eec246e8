import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp, type TestApp } from '../app.ts';
import { executablePath, launch, openPage } from '../console/browser.ts';
import { createAgent, createParticipant } from '../factories.ts';
import { type FaultProxy, startProxy } from '../faults/proxy.ts';

const types: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript' };

/** Serves the built pages from an origin of their own, as a front end’s host does. */
async function servePages(folder: string): Promise<Server> {
  const server = createServer(({ url = '/' }, response) => {
    const path = normalize(url.endsWith('/') ? `${url}index.html` : url);
    response.setHeader('content-type', types[path.split('.').at(-1) ?? ''] ?? 'text/plain');
    response.end(readFileSync(join(folder, path)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

describe.skipIf(executablePath === undefined)('an example page of another origin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-examples-'));
  let pages: Server;
  let origin: string;
  let service: TestApp;
  let proxy: FaultProxy;
  let browser: Browser;
  beforeAll(async () => {
    await promisify(execFile)(
      'npx',
      ['vite', 'build', 'packages/client/examples', '--outDir', folder, '--emptyOutDir', '--logLevel', 'error'],
      { env: { ...process.env, NODE_ENV: 'production' } },
    );
    pages = await servePages(folder);
    origin = `http://127.0.0.1:${(pages.address() as AddressInfo).port}`;
    service = await startApp({ PORT: '0', CORS_ORIGINS: origin });
    const { url } = await service.app.listen();
    proxy = await startProxy({ target: { host: '127.0.0.1', port: Number(new URL(url).port) } });
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    await proxy?.close();
    await service?.close();
    pages?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function signIn(name: string, token: string, agentId: string): Promise<{ page: Page; faults: string[] }> {
    const { page, faults } = await openPage(browser, `${origin}/${name}/`);
    await page.getByLabel('Service').fill(`http://127.0.0.1:${proxy.port}/graphql`);
    await page.getByLabel('Token').fill(token);
    await page.getByLabel('Agent').fill(agentId);
    await page.getByRole('button', { name: 'Show its contacts' }).click();
    return { page, faults };
  }

  test.each(['urql', 'apollo'])('of %s lists, hears, writes, and shows an error by its code', async (name) => {
    const agentId = await createAgent(service.tenant);
    const add = (displayName: string) => createParticipant(service.tenant, { displayName, agentIds: [agentId] });
    await add('Grace');
    const { page, faults } = await signIn(name, await service.tenant.token(), agentId);
    const status = page.getByRole('status');
    const names = () => page.getByRole('listitem').allInnerTexts();
    await expect.poll(names).toEqual([expect.stringMatching('Grace')]);
    await expect.poll(() => status.innerText()).toBe('live');

    await add('Ada');
    await expect.poll(names).toEqual([expect.stringMatching('Ada'), expect.stringMatching('Grace')]);

    await page.getByRole('button', { name: 'Add' }).click();
    await expect.poll(() => page.getByRole('alert').innerText()).toMatch(/^VALIDATION_FAILED/);
    await expect.poll(() => page.getByRole('alert').innerText()).toMatch('input.displayName');
    await page.getByLabel('Name').fill('Emmy');
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByText('Emmy').waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    expect(faults).toEqual([]);

    await proxy.mode('cut');
    await expect.poll(() => status.innerText()).toBe('waiting');
    await add('Barbara');
    await proxy.mode('pass');
    await page.getByText('Barbara').waitFor();
    await page.context().close();
  });

  test.each(['urql', 'apollo'])('of %s says that a token is not good', async (name) => {
    const { page } = await signIn(name, 'nobody', 'any');
    await expect.poll(() => page.getByRole('alert').innerText()).toMatch(/^UNAUTHENTICATED/);
    await page.context().close();
  });
});
