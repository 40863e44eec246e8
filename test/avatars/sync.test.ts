import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { dataOf } from '../app.ts';
import { blue, photograph, png } from '../fakes/images.ts';
import { upload } from '../uploads.ts';
import { address, columns, readAvatar, useSyncing } from './syncing.ts';

const { slack, service, tenant, current, sync, listen } = useSyncing();

const remove = () =>
  tenant.graphql(
    `mutation ($id: ID!) { removeParticipantAvatar(input: { participantId: $id }) { participant { ${columns} } } }`,
    { id: current.participant },
  );
const imageAt = async (url: string) => Buffer.from(await (await service.app.fetch(new Request(url))).arrayBuffer());

describe('a sync', () => {
  test('takes the picture, and says where from', async () => {
    const before = Date.now();
    const synced = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    expect(synced).toMatchObject({
      id: current.participant,
      avatarSource: 'CHANNEL',
      avatarSourceConfigId: current.config,
      avatarSourceAddress: address,
    });
    expect(Date.parse(synced.avatarSyncedAt)).toBeGreaterThanOrEqual(before - 1_000);
    expect(synced.avatarFileId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await readAvatar(tenant, current.participant)).toMatchObject({
      avatarFileId: synced.avatarFileId,
      avatarSyncedAt: synced.avatarSyncedAt,
    });
  });

  test('serves it as WebP in three sizes, upright, with nothing in it but pixels', async () => {
    slack.users.set(address, { image: await photograph() });
    const synced = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    for (const [url, size] of [
      [synced.small, 64] as const,
      [synced.medium, 128] as const,
      [synced.large, 512] as const,
    ]) {
      const image = await imageAt(url);
      const metadata = await sharp(image).metadata();
      expect(metadata).toMatchObject({ format: 'webp', width: size, height: size });
      expect([metadata.exif, metadata.icc, metadata.xmp, metadata.orientation]).toEqual([
        undefined,
        undefined,
        undefined,
        undefined,
      ]);
      expect(image.includes('Testphone')).toBe(false);
      const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
      const [top, bottom] = [0, (info.height - 1) * info.width * info.channels];
      expect(data[top]).toBeGreaterThan(data[top + 2]!);
      expect(data[bottom + 2]).toBeGreaterThan(data[bottom]!);
    }
  });

  test('of the same picture keeps the file, of another takes another', async () => {
    const first = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    const second = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    expect(second.avatarFileId).toBe(first.avatarFileId);
    slack.users.set(address, { image: await png(100, 100, blue) });
    const third = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    expect(third.avatarFileId).not.toBe(first.avatarFileId);
  });

  test('replaces an avatar that was uploaded', async () => {
    dataOf(await upload(service, tenant, current.participant, await png(50, 50, blue)));
    expect(dataOf(await sync()).syncParticipantAvatarFromChannel.participant.avatarSource).toBe('CHANNEL');
  });

  test('takes ids in any spelling', async () => {
    dataOf(
      await sync({
        participantId: current.participant.toUpperCase(),
        integrationConfigId: current.config.toUpperCase(),
      }),
    );
  });
});

describe('removeParticipantAvatar', () => {
  test('leaves nothing of the avatar in the participant, and again changes nothing', async () => {
    const { large } = dataOf(await sync()).syncParticipantAvatarFromChannel.participant;
    expect(large).not.toBeNull();
    const removed = dataOf(await remove()).removeParticipantAvatar.participant;
    expect(removed).toMatchObject({
      avatarFileId: null,
      avatarSource: null,
      avatarSourceConfigId: null,
      avatarSourceAddress: null,
      avatarSyncedAt: null,
    });
    expect(dataOf(await remove()).removeParticipantAvatar.participant).toEqual(removed);
  });
});

describe('a sync that succeeds', () => {
  test('is heard once it can be seen', async () => {
    const stream = await listen();
    const heard = stream.next();
    dataOf(await sync());
    expect((await heard)?.data.participantAvatarSynced).toMatchObject({
      participant: { id: current.participant, avatarSource: 'CHANNEL' },
      outcome: 'SYNCED',
      error: null,
    });
    await stream.leave();
  });
});
