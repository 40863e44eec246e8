/**
 * Measures how smoothly the console scrolls 10,000 contacts, and how soon it shows something. Needs Chromium:
 *
 * npx tsx scripts/console-frames.ts [contacts, 10000 unless said]
 *
 * Each is measured at the machine's own speed and with a CPU throttled 4 times. A frame is the time between two calls
 * of requestAnimationFrame while the list is scrolled by 3,000 pixels a second: fast reading. A long one took more
 * than 25 ms, so that at least one frame was missed. Then the list is pulled to its end by the bar.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { createApp } from '../src/app.ts';
import { readConfig } from '../src/config.ts';
import { newId } from '../src/database/ids.ts';
import { demoTenant } from '../src/demo/tenant.ts';
import { addressColumns } from '../src/providers/address.ts';
import { executablePath } from '../test/console/browser.ts';
import { buildConsole } from '../test/setup/built.ts';

const contacts = Number(process.argv[2] ?? 10_000);
const agentId = 'support-bot';
const path = `/agents/${agentId}/contacts`;
const pixelsPerSecond = 3_000;
const scrolledMs = 15_000;
const rowHeight = 52;

await buildConsole();
const dataDir = mkdtempSync(join(tmpdir(), 'rollcall-frames-'));
const app = await createApp(readConfig({ DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'error', AVATAR_WORKERS: '0' }));
const url = (await app.listen()).url.replace('127.0.0.1', 'localhost');
try {
  await addContacts();
  const browser = await chromium.launch({ executablePath: executablePath ?? '', args: ['--no-sandbox'] });
  for (const slower of [1, 4]) {
    console.log(`\nCPU ${slower === 1 ? 'as it is' : `throttled ${slower} times`}`);
    await measureStart(browser, slower);
    await measureScrolling(browser, slower);
  }
  await browser.close();
} finally {
  await app.close();
  rmSync(dataDir, { recursive: true });
}

/** Adds people with one or two channels each to the agent's contacts. */
async function addContacts(): Promise<void> {
  const { prisma } = app.database;
  const tenantId = demoTenant.id;
  const configs = await prisma.integrationConfig.findMany({ where: { tenantId } });
  const rows = Array.from({ length: contacts }, (_, index) => ({ index, id: newId() }));
  for (let begin = 0; begin < rows.length; begin += 1_000) {
    const some = rows.slice(begin, begin + 1_000);
    await prisma.participant.createMany({
      data: some.map(({ index, id }) => {
        const email = `somebody.${index}@customers.example`;
        return { tenantId, id, kind: 'PERSON', displayName: `Somebody No. ${index}`, email };
      }),
    });
    await prisma.channel.createMany({
      data: some.flatMap(({ index, id: participantId }) =>
        configs
          .filter(({ provider }) => provider === 'sms' || (provider === 'whatsapp' && index % 2 === 0))
          .map(({ id: integrationConfigId, provider }) => {
            const address = `+4420${String(70_000_000 + index)}`;
            const columns = { ...addressColumns(provider, address, null), addressValid: true };
            return { tenantId, id: newId(), participantId, integrationConfigId, provider, address, ...columns };
          }),
      ),
    });
    const bindings = some.map(({ id: participantId }) => ({ tenantId, id: newId(), participantId, agentId }));
    await prisma.binding.createMany({ data: bindings });
  }
  // The embedded database has no autovacuum, which counts rows elsewhere.
  await prisma.$executeRaw`analyze`;
}

async function openSlower(browser: Browser, slower: number, of: string): Promise<Page> {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  page.setDefaultTimeout(120_000);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: slower });
  await page.goto(url + of);
  return page;
}

/** When a first visitor sees something, and when the list. The median of five visits. */
async function measureStart(browser: Browser, slower: number): Promise<void> {
  const first: number[] = [];
  const list: number[] = [];
  let scripts: string[] = [];
  for (let visit = 0; visit < 5; visit += 1) {
    const page = await openSlower(browser, slower, path);
    await page.locator('[data-row="0"]').waitFor();
    list.push(await page.evaluate<number>('performance.now()'));
    first.push(await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0].startTime`));
    scripts = await page.evaluate<string[]>(
      `performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => /assets.*js$/.test(name))`,
    );
    await page.context().close();
  }
  const bytes = scripts.reduce((sum, name) => sum + statSync(`dist/console/assets/${basename(name)}.gz`).size, 0);
  console.log(`first content ${median(first)} ms, first row ${median(list)} ms`);
  console.log(`script until then: ${scripts.length} files, ${Math.round(bytes / 1_000)} kB gzipped`);
}

function median(of: readonly number[]): number {
  return Math.round(of.toSorted((one, other) => one - other)[of.length >> 1] ?? 0);
}

async function measureScrolling(browser: Browser, slower: number): Promise<void> {
  const page = await openSlower(browser, slower, path);
  await page.locator('[data-row="0"]').waitFor();
  await page.waitForTimeout(1_000);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Performance.enable');
  const spent = async (): Promise<Record<string, number>> => {
    const { metrics } = await devtools.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await spent();
  const gaps = await page.evaluate<number[]>(`new Promise((resolve) => {
    const frame = document.querySelector('.contacts');
    const gaps = [];
    const begin = performance.now();
    let before = begin;
    const step = (now) => {
      gaps.push(now - before);
      before = now;
      frame.scrollTop = (now - begin) * ${pixelsPerSecond / 1_000};
      if (now - begin < ${scrolledMs}) requestAnimationFrame(step);
      else resolve(gaps.slice(1));
    };
    requestAnimationFrame(step);
  })`);
  const after = await spent();
  const each = (name: string) => (((after[name] ?? 0) - (before[name] ?? 0)) * 1_000) / gaps.length;
  const sorted = gaps.toSorted((one, other) => one - other);
  const at = (share: number) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  const long = gaps.filter((gap) => gap > 25).length;
  const rows = Math.round((pixelsPerSecond * scrolledMs) / 1_000 / rowHeight);
  const perSecond = (gaps.length * 1_000) / gaps.reduce((sum, gap) => sum + gap, 0);
  console.log(`${rows} rows scrolled: ${perSecond.toFixed(1)} frames a second, ${gaps.length} frames, ${long} long`);
  console.log(`gaps in ms: p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)}`);
  const [script, style, layout] = ['ScriptDuration', 'RecalcStyleDuration', 'LayoutDuration'].map(each);
  const parts = `script ${script?.toFixed(1)}, style ${style?.toFixed(1)}, layout ${layout?.toFixed(1)}`;
  console.log(`ms of the page’s thread in each frame: ${each('TaskDuration').toFixed(1)}, of which ${parts}`);

  const begun = Date.now();
  await page.evaluate(`document.querySelector('.contacts').scrollTop = 1e9`);
  await page.locator('[data-row]').last().waitFor();
  await page.locator('.contact-coming').first().waitFor({ state: 'detached' });
  console.log(`pulled to the end: its rows after ${Date.now() - begun} ms`);
  await page.context().close();
}
