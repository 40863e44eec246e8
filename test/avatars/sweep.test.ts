import { mkdtempSync } from 'node:fs';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { avatarKey } from '../../src/avatars/keys.ts';
import { avatarSizes } from '../../src/avatars/sizes.ts';
import { sweepFiles } from '../../src/avatars/sweep.ts';
import { pruneJobs } from '../../src/avatars/work.ts';
import { newId } from '../../src/database/ids.ts';
import { openStorage, type Storage } from '../../src/storage/storage.ts';
import { dataOf, type TestTenant } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { blue, png } from '../fakes/images.ts';
import { upload } from '../uploads.ts';
import { useAppAlone } from '../use-app.ts';
import { jobsOf } from './background.ts';
import { holdable } from './holdable-storage.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-sweep-'));
const steps = holdable(await openStorage(`file:${folder}`));
const { storage } = steps;
const service = useAppAlone({}, undefined, { storage });
let tenant: TestTenant;
beforeEach(async () => {
  steps.release();
  tenant = await service.createTenant();
});

const files = () => service.app.database.prisma.file.findMany({ where: { tenantId: tenant.id } });
/** Makes the tenant's files look as if nobody had touched them for that long, in milliseconds. */
const age = (ms: number) =>
  service.app.database.prisma.file.updateMany({
    where: { tenantId: tenant.id },
    data: { touchedAt: new Date(Date.now() - ms) },
  });
const hour = 3_600_000;
const sweep = () => sweepFiles(service.app.database, storage, hour);
const remove = (id: string) =>
  tenant.graphql(
    'mutation ($id: ID!) { removeParticipantAvatar(input: { participantId: $id }) { participant { id } } }',
    { id },
  );

/** Fails unless every file that a participant refers to is in the storage, whole. Returns how many there are. */
async function intact(): Promise<number> {
  const participants = await service.app.database.prisma.participant.findMany({
    where: { tenantId: tenant.id, avatarFileId: { not: null } },
    include: { avatarFile: true },
  });
  for (const { avatarFile } of participants) {
    expect(avatarFile?.contentHash).not.toBeNull();
    for (const size of avatarSizes)
      expect(await storage.get(avatarKey(avatarFile!.path, size)), `${size}`).not.toBeNull();
  }
  return participants.length;
}

describe('the sweep', () => {
  test('deletes what nobody has referred to for long, and nothing else', async () => {
    const [kept, changed, recent] = [
      await createParticipant(tenant),
      await createParticipant(tenant),
      await createParticipant(tenant),
    ];
    dataOf(await upload(service, tenant, kept, await png()));
    dataOf(await upload(service, tenant, changed, await png(50, 50, blue)));
    const old = (await files()).find(({ contentHash }) => contentHash)!;
    dataOf(await upload(service, tenant, changed, await png(50, 50, { r: 9, g: 200, b: 9 })));
    await age(2 * hour);
    dataOf(await upload(service, tenant, recent, await png(50, 50, { r: 200, g: 200, b: 9 })));
    dataOf(await remove(recent));
    expect(await files()).toHaveLength(4);
    expect(await sweep()).toBe(1);
    expect(await files()).toHaveLength(3);
    expect(await intact()).toBe(2);
    expect(await sweep()).toBe(0);
    expect(old.contentHash).not.toBeNull();
    // The removal touched it: a client may still have its URL.
    await age(2 * hour);
    expect(await sweep()).toBe(1);
    expect(await intact()).toBe(2);
    const images = (await readdir(join(folder, 'avatars', tenant.id), { recursive: true })).filter((name) =>
      name.endsWith('.webp'),
    );
    expect(images).toHaveLength(6);
  });

  test('deletes the picture of a participant that was deleted', async () => {
    const id = await createParticipant(tenant);
    dataOf(await upload(service, tenant, id, await png()));
    await age(2 * hour);
    dataOf(
      await tenant.graphql('mutation ($id: ID!) { deleteParticipant(input: { participantId: $id }) { deletedId } }', {
        id,
      }),
    );
    expect(await sweep()).toBe(1);
    expect(await files()).toEqual([]);
  });

  test('of several replicas at once deletes each file once', async () => {
    for (let n = 0; n < 6; n += 1) {
      const id = await createParticipant(tenant);
      dataOf(await upload(service, tenant, id, await png(20 + n * 7, 20, { r: n * 40, g: 9, b: 99 })));
      dataOf(await remove(id));
    }
    await age(2 * hour);
    const swept = await Promise.all([sweep(), sweep(), sweep()]);
    expect(swept.reduce((sum, one) => sum + one)).toBe(6);
    expect(await files()).toEqual([]);
  });

  test('that was interrupted is taken up again', async () => {
    const id = await createParticipant(tenant);
    dataOf(await upload(service, tenant, id, await png()));
    dataOf(await remove(id));
    await age(2 * hour);
    const broken: Storage = { ...storage, delete: () => Promise.reject(new Error('the storage is away')) };
    await expect(sweepFiles(service.app.database, broken, hour)).rejects.toThrow('away');
    expect(await files()).toMatchObject([{ contentHash: null }]);
    // The same picture comes again meanwhile: it is another file.
    dataOf(await upload(service, tenant, id, await png()));
    expect(await files()).toHaveLength(2);
    await age(2 * hour);
    expect(await sweep()).toBe(1);
    expect(await intact()).toBe(1);
  });

  test('that is to stop ends after the file that it is at; the rest is taken up again', async () => {
    for (const red of [1, 100, 200]) {
      const id = await createParticipant(tenant);
      dataOf(await upload(service, tenant, id, await png(20, 20, { r: red, g: 9, b: 99 })));
      dataOf(await remove(id));
    }
    await age(2 * hour);
    let stopped = false;
    steps.hold((what) => what.startsWith('delete'));
    const sweeping = sweepFiles(service.app.database, storage, hour, () => stopped);
    await steps.reached(/^delete/);
    stopped = true;
    steps.release();
    expect(await sweeping).toBe(1);
    expect(await files()).toHaveLength(2);
    await age(2 * hour);
    expect(await sweep()).toBe(2);
  });

  test('removes what interrupted writes left in the folder', async () => {
    const incoming = join(folder, '.incoming');
    const [stale, fresh] = [join(incoming, newId()), join(incoming, newId())];
    await storage.put('x', new Uint8Array(1), 'text/plain');
    await writeFile(stale, 'x');
    await writeFile(fresh, 'x');
    await utimes(stale, new Date(Date.now() - 2 * hour), new Date(Date.now() - 2 * hour));
    await sweep();
    expect(await readdir(incoming)).toEqual([fresh.slice(incoming.length + 1)]);
  });
});

// Storing a picture: row, images (three), reference. The sweep: mark, images (three), row. Each is held at each of its
// steps while the other runs from beginning to end.
describe('a picture that is stored while the sweep is at work', () => {
  /** An unreferenced old file of the picture that is about to be stored again. */
  async function abandoned(): Promise<{ id: string; picture: Uint8Array }> {
    const id = await createParticipant(tenant);
    const picture = await png(70, 70);
    dataOf(await upload(service, tenant, id, picture));
    dataOf(await remove(id));
    await age(2 * hour);
    return { id, picture };
  }

  test.each([64, 128, 512])('(stored while the sweep is about to delete %i)', async (size) => {
    const { id, picture } = await abandoned();
    steps.hold((what) => what.startsWith('delete') && what.endsWith(`/${size}.webp`));
    const sweeping = sweep();
    await steps.reached(/^delete/);
    dataOf(await upload(service, tenant, id, picture));
    expect(await intact()).toBe(1);
    steps.release();
    await sweeping;
    expect(await intact()).toBe(1);
    expect(await files()).toHaveLength(1);
  });

  test.each([64, 128, 512])('(swept while %i is about to be stored: the row has just been touched)', async (size) => {
    const { id, picture } = await abandoned();
    steps.hold((what) => what.startsWith('put') && what.endsWith(`/${size}.webp`));
    const uploading = upload(service, tenant, id, picture);
    await steps.reached(/^put/);
    expect(await sweep()).toBe(0);
    steps.release();
    dataOf(await uploading);
    expect(await intact()).toBe(1);
  });

  test.each([64, 128, 512])('(swept while %i is stored for longer than the grace)', async (size) => {
    const { id, picture } = await abandoned();
    steps.hold((what) => what.startsWith('put') && what.endsWith(`/${size}.webp`));
    const uploading = upload(service, tenant, id, picture);
    await steps.reached(/^put/);
    await age(2 * hour);
    expect(await sweep()).toBe(1);
    steps.release();
    dataOf(await uploading);
    expect(await intact()).toBe(1);
    expect(await files()).toHaveLength(1);
    // What the slow one put where the swept file had been is gone too.
    const images = (await readdir(join(folder, 'avatars', tenant.id), { recursive: true })).filter((name) =>
      name.endsWith('.webp'),
    );
    expect(images).toHaveLength(3);
  });

  test('(both held in the middle, and the sweep stays there until the other is through)', async () => {
    const { id, picture } = await abandoned();
    steps.hold((what) => what.endsWith('/128.webp'));
    const uploading = upload(service, tenant, id, picture);
    await steps.reached(/^put/);
    await age(2 * hour);
    const sweeping = sweep();
    await steps.reached(/^delete/);
    steps.release(/^put/);
    dataOf(await uploading);
    expect(await intact()).toBe(1);
    steps.release();
    await sweeping;
    expect(await intact()).toBe(1);
  });

  test('many times at once, with a grace of nothing', async () => {
    const pictures = await Promise.all([0, 1, 2].map((n) => png(30, 30, { r: 250, g: n * 99, b: 9 })));
    const people = await Promise.all(Array.from({ length: 4 }, () => createParticipant(tenant)));
    // Half-written files must not be taken for leftovers.
    const { tidy: _, ...withoutTidying } = storage;
    let busy = true;
    let swept = 0;
    const sweeping = (async () => {
      while (busy) {
        swept += await sweepFiles(service.app.database, withoutTidying, -1_000);
        // The embedded database answers without ever letting anything else in this process have its turn.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
      }
    })();
    const codes: (string | undefined)[] = [];
    // A busy machine may give the sweep no turn in the first rounds.
    for (let round = 0; round < 6 || (swept === 0 && round < 60); round += 1) {
      // An upload may be told to come again when the sweep was faster three times; then nothing has changed.
      const answers = await Promise.all(
        people.map((id, index) => upload(service, tenant, id, pictures[(round + index) % 3] as Uint8Array)),
      );
      codes.push(...answers.map(({ errors }) => errors?.[0]?.extensions.code));
      await intact();
    }
    busy = false;
    await sweeping;
    await intact();
    expect(codes).toContain(undefined);
    expect(swept).toBeGreaterThan(0);
    expect(new Set(codes.filter((code) => code !== undefined && code !== 'UNAVAILABLE'))).toEqual(new Set());
  });
});

test('what is over is not kept for ever', async () => {
  const config = await createConfig(tenant, 'slack', 'xoxb-good');
  const agentId = await createAgent(tenant);
  const { prisma } = service.app.database;
  const day = 86_400_000;
  const error = { errorCode: 'AVATAR_NOT_AVAILABLE', errorStatus: 400, errorDetail: 'x' };
  for (const [state, days] of [
    ['DONE', 6],
    ['DONE', 8],
    ['FAILED', 29],
    ['FAILED', 31],
  ] as const) {
    const participantId = await createParticipant(tenant);
    const finishedAt = new Date(Date.now() - days * day);
    const job = {
      tenantId: tenant.id,
      id: newId(),
      participantId,
      integrationConfigId: config,
      address: `${days}`,
      kind: 'BATCH' as const,
    };
    await prisma.avatarSyncJob.create({ data: { ...job, state, finishedAt, ...(state === 'FAILED' && error) } });
    await prisma.avatarSyncBatch.create({ data: { tenantId: tenant.id, id: newId(), agentId, finishedAt } });
  }
  // By name still running, but with nothing left.
  await prisma.avatarSyncBatch.create({
    data: { tenantId: tenant.id, id: newId(), agentId, startedAt: new Date(Date.now() - hour) },
  });
  await pruneJobs(service.app.database);
  expect((await jobsOf(service, tenant)).map(({ address }) => address)).toEqual(['6', '29']);
  const batches = await prisma.avatarSyncBatch.findMany({ where: { tenantId: tenant.id } });
  expect(batches).toHaveLength(4);
  expect(batches.every(({ finishedAt }) => finishedAt !== null)).toBe(true);
});
