import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { problemBehind } from '../database/failures.ts';
import { asUuid, newId } from '../database/ids.ts';
import { tenantStatement } from '../database/statement.ts';
import type { Download } from '../egress/download.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Connections } from '../integrations/connections.ts';
import { announceParticipant } from '../participants/announce.ts';
import { lockParticipant, participantNotFound } from '../participants/lock.ts';
import type { Storage } from '../storage/storage.ts';
import { type RenderedAvatar, renderAvatar } from './image.ts';
import { avatarKey } from './keys.ts';
import type { AvatarSources } from './sources/registry.ts';

/** Which channel of which participant an avatar is to be taken from. */
export type AvatarSyncInput = { participantId: string; integrationConfigId: string; address: string };

/** The rules about avatars, each returning the participant's id. */
export interface AvatarSync {
  /** Takes the avatar from the channel's provider. Changes nothing when it throws; either way the outcome is announced. */
  sync(db: TenantDatabase, input: AvatarSyncInput): Promise<string>;
  /** Takes the file as the avatar. Throws AVATAR_INVALID. */
  upload(db: TenantDatabase, input: { participantId: string; file: Blob }): Promise<string>;
  /** Leaves the participant without an avatar. To do so again changes nothing. */
  remove(db: TenantDatabase, input: { participantId: string }): Promise<string>;
}

/** How large an image may be, in bytes. */
export const largestImage = 5 * 2 ** 20;

type Subject = { id: string; configId: string | null; provider: string | null; tokenCiphertext: string | null };

const subjectOf = tenantStatement<Subject>(
  `select p.id, i.id as "configId", i.provider, i.token_ciphertext as "tokenCiphertext"
   from participant p
   left join channel c on c.tenant_id = p.tenant_id and c.participant_id = p.id and c.integration_config_id = $3::uuid and c.address = $4
   left join integration_config i on i.tenant_id = c.tenant_id and i.id = c.integration_config_id
   where p.tenant_id = $1 and p.id = $2::uuid`,
);

const channelStays = tenantStatement<{ id: string }>(
  `select c.id from channel c
   where c.tenant_id = $1 and c.participant_id = $2::uuid and c.integration_config_id = $3::uuid and c.address = $4 for key share`,
);

const addFile = tenantStatement<{ id: string }>(
  `insert into file as f (tenant_id, id, content_hash) values ($1::uuid, $2::uuid, $3)
   on conflict (tenant_id, content_hash) do update set content_hash = excluded.content_hash where f.tenant_id = $1 returning f.id`,
);

/** Makes the rules from what they need of the outside world. */
export function createAvatarSync(world: {
  storage: Storage;
  sources: AvatarSources;
  download: Download;
  connections: Connections;
}): AvatarSync {
  /** The files go first: a crash in between leaves files that nobody refers to, never a row without its files. */
  async function store(db: TenantDatabase, { contentHash, images }: RenderedAvatar): Promise<void> {
    for (const [size, bytes] of images) await world.storage.put(avatarKey(db.tenantId, contentHash, size), bytes, 'image/webp');
  }

  const fileOf = async (tx: TenantTransaction, { contentHash }: RenderedAvatar): Promise<string> => {
    const [file] = await tx.query(addFile, newId(), contentHash);
    return (file as { id: string }).id;
  };

  async function take(db: TenantDatabase, subject: Subject, { address }: AvatarSyncInput): Promise<void> {
    const { configId, provider, tokenCiphertext } = subject;
    const gone = new Problem('CHANNEL_NOT_ON_PARTICIPANT', `Channel ${address.slice(0, 100)} is not on this participant.`);
    if (!configId || !provider) throw gone;
    const source = world.sources.get(provider);
    if (!source) throw new Problem('AVATAR_SOURCE_NOT_REGISTERED', `No avatars can be had from ${provider}.`);
    const picture = await world.connections.use(db, { id: configId, provider, tokenCiphertext }, (token) =>
      source.locate({ token, address }),
    );
    const avatar = await renderAvatar('image' in picture ? picture.image : await world.download(picture.url));
    await store(db, avatar);
    await db.transaction(async (tx) => {
      const id = await lockParticipant(tx, subject.id);
      const [channel] = await tx.query(channelStays, id, configId, address);
      if (!channel) throw gone;
      await tx.participant.update({
        where: { tenantId_id: { tenantId: tx.tenantId, id } },
        data: {
          avatarFileId: await fileOf(tx, avatar),
          avatarSource: 'CHANNEL',
          avatarSourceConfigId: configId,
          avatarSourceAddress: address,
          avatarSyncedAt: new Date(),
        },
      });
    });
  }

  return {
    async sync(db, input) {
      const id = asUuid(input.participantId);
      const [subject] = id ? await db.query(subjectOf, id, asUuid(input.integrationConfigId), input.address) : [];
      if (!subject) throw participantNotFound(input.participantId);
      const announce = (error: { code: Problem['code']; status: number; detail: string } | null) =>
        db.announce('avatarSynced', { participantId: subject.id, error, occurredAt: new Date().toISOString() });
      try {
        await take(db, subject, input);
      } catch (error) {
        const { code, status, message } = problemBehind(error);
        announce({ code, status, detail: message });
        throw error;
      }
      announce(null);
      return subject.id;
    },

    async upload(db, { participantId, file }) {
      if (file.size > largestImage) throw new Problem('AVATAR_INVALID', 'The file is larger than 5 MiB.');
      const found = await db.transaction((tx) => lockParticipant(tx, participantId));
      const avatar = await renderAvatar(new Uint8Array(await file.arrayBuffer()));
      await store(db, avatar);
      return db.transaction(async (tx) => {
        const id = await lockParticipant(tx, found);
        await tx.participant.update({
          where: { tenantId_id: { tenantId: tx.tenantId, id } },
          data: { ...none, avatarFileId: await fileOf(tx, avatar), avatarSource: 'UPLOADED' },
        });
        announceParticipant(tx, id);
        return id;
      });
    },

    remove: (db, { participantId }) =>
      db.transaction(async (tx) => {
        const id = await lockParticipant(tx, participantId);
        const { count } = await tx.participant.updateMany({
          where: { tenantId: tx.tenantId, id, avatarFileId: { not: null } },
          data: none,
        });
        if (count > 0) announceParticipant(tx, id);
        return id;
      }),
  };
}

const none = {
  avatarFileId: null,
  avatarSource: null,
  avatarSourceConfigId: null,
  avatarSourceAddress: null,
  avatarSyncedAt: null,
};
