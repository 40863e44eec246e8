import { mkdtempSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { startApp, type TestApp, type TestTenant } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { bomb, cmyk, png, svg, text, truncated } from '../fakes/images.ts';
import { type FakeSlack, type FakeSlackUser, startFakeSlack, type Trouble } from '../fakes/slack.ts';
import { createOwnDatabase } from '../setup/database.ts';
import { avatarOf, eager } from './background.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-bad-'));
let slack: FakeSlack;
let service: TestApp;
let tenant: TestTenant;
let config: string;
let own: Awaited<ReturnType<typeof createOwnDatabase>>;
beforeAll(async () => {
  slack = await startFakeSlack();
  own = await createOwnDatabase(inject('database'));
  service = await startApp(
    {
      SLACK_API_URL: slack.apiUrl,
      EGRESS_ALLOW: slack.host,
      PROVIDER_TIMEOUT_MS: '1200',
      STORAGE_URL: `file:${folder}`,
      LOG_LEVEL: 'silent',
      ...eager,
    },
    undefined,
    { database: own.place },
  );
});
beforeEach(async () => {
  slack.apiTrouble = null;
  slack.imageTrouble = null;
  slack.users.clear();
  tenant = await service.createTenant();
  config = await createConfig(tenant, 'slack', 'xoxb-good');
});
afterAll(async () => {
  await service.close();
  await own.drop();
  await slack.close();
});

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** What comes of an automatic sync from that user: an error, and nothing that is stored. */
async function refused(user: FakeSlackUser): Promise<{ code: string; status: number }> {
  slack.users.set('U0ADA', user);
  const id = await createParticipant(tenant, { channels: [{ integrationConfigId: config, address: 'U0ADA' }] });
  const { prisma } = service.app.database;
  const where = { tenantId: tenant.id };
  const jobs = () => prisma.avatarSyncJob.findMany({ where });
  await until(async () => (await jobs()).every(({ state, errorCode }) => state === 'FAILED' || errorCode !== null));
  const [job] = await jobs();
  // An outage is waited out; the job says what it waits for. It is not to go on beside the next test.
  await prisma.avatarSyncJob.deleteMany({ where });
  const { avatarAutoSync, ...participant } = await avatarOf(tenant, id);
  expect(participant).toMatchObject({ avatarFileId: null, avatarSource: null });
  expect(await service.app.database.prisma.file.count({ where: { tenantId: tenant.id } })).toBe(0);
  const stored = await readdir(folder, { recursive: true });
  expect(stored.filter((name) => name.endsWith('.webp') || name.startsWith('.incoming/'))).toEqual([]);
  const waits = { code: job?.errorCode ?? '', status: job?.errorStatus ?? 0, detail: job?.errorDetail ?? '' };
  const { code, status, detail } = avatarAutoSync?.error ?? waits;
  expect(detail).not.toContain('xoxb');
  return { code, status };
}

describe('a sync in the background of', () => {
  test.each<[string, () => Promise<Uint8Array> | Uint8Array]>([
    ['an image of 1 × 1', () => png(1, 1)],
    ['an image of 20,000 × 20,000', () => bomb()],
    ['an image of 60,000 × 8', () => bomb(60_000, 8)],
    ['a CMYK JPEG', cmyk],
    ['a header of a PNG, and nonsense', () => new Uint8Array([...signature, ...new Array(500).fill(7)])],
    ['half an image', () => truncated()],
    ['nearly all of an image', () => truncated(0.97)],
    ['an SVG', svg],
    ['text', text],
    ['nothing', () => new Uint8Array(0)],
  ])('%s ends in AVATAR_INVALID', async (_, image) => {
    const bytes = await image();
    // Without bytes Slack's user would have no picture at all.
    const user = bytes.length > 0 ? { image: bytes } : { image: new Uint8Array([0]) };
    expect(await refused(user)).toEqual({ code: 'AVATAR_INVALID', status: 422 });
  });

  test.each<[Trouble, string, number]>([
    ['oversize', 'AVATAR_INVALID', 422],
    ['html', 'AVATAR_INVALID', 422],
    ['cut-short', 'PROVIDER_UNAVAILABLE', 502],
    ['server-error', 'PROVIDER_UNAVAILABLE', 502],
    ['redirect-loop', 'PROVIDER_UNAVAILABLE', 502],
    ['trickle', 'PROVIDER_UNAVAILABLE', 504],
    ['hang', 'PROVIDER_UNAVAILABLE', 504],
  ])('an image whose server has this trouble: %s', async (imageTrouble, code, status) => {
    expect(await refused({ image: await png(), imageTrouble })).toEqual({ code, status });
  });

  test.each<[string, Trouble]>([
    ['no JSON', 'nonsense'],
    ['a page', 'html'],
    ['another shape', { json: { ok: true, user: { profile: { image_512: 7, is_custom_image: 'yes' } } } }],
    ['nothing in it', { json: {} }],
    ['a list', { json: [] }],
    ['no address', { json: { ok: true, user: { profile: { image_512: '::::', is_custom_image: true } } } }],
    ['another error than any there is', { json: { ok: false, error: 'the token xoxb-good is unusual' } }],
    ['more than anybody reads', 'oversize'],
    ['a trickle', 'trickle'],
  ])('a source that answers nonsense (%s) ends in PROVIDER_UNAVAILABLE', async (_, trouble) => {
    slack.apiTrouble = trouble;
    expect(await refused({ image: await png() })).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  });

  test('an address that leads elsewhere than to the web', async () => {
    for (const url of [
      'file:///etc/passwd',
      'http://127.0.0.1:1/x',
      'http://169.254.169.254/latest',
      'ftp://example.com/x',
    ]) {
      tenant = await service.createTenant();
      config = await createConfig(tenant, 'slack', 'xoxb-good');
      expect(await refused({ image: await png(), profile: { image_512: url } })).toMatchObject({
        code: 'PROVIDER_UNAVAILABLE',
      });
    }
  });
});
