import type { TenantDatabase, TenantTransaction } from '../database/database.ts';
import { problemBehind } from '../database/failures.ts';
import { asUuid } from '../database/ids.ts';
import { followed } from '../database/redirects.ts';
import { rows } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { nullable, text, uuid } from '../database/sql/types.ts';
import { channelById } from '../directory/channels/channels.ts';
import { lockParticipant, participantNotFound } from '../directory/participants/lock.ts';
import type { Download } from '../egress/download.ts';
import { Problem } from '../errors/catalogue.ts';
import type { Connections } from '../integrations/connections.ts';
import type { Storage } from '../storage/storage.ts';
import type { UploadedFile } from '../storage/uploaded-file.ts';
import { noAvatar, setAvatar, storeAvatar } from './files.ts';
import type { RenderedAvatar } from './image.ts';
import type { AvatarJob } from './queue.ts';
import { endOwn, isOwn, supersede } from './settle.ts';
import type { AvatarSources } from './sources/registry.ts';

/** Loads what decodes images with the first of them: it keeps some 8 MB. */
const renderAvatar = async (image: Uint8Array): Promise<RenderedAvatar> =>
  (await import('./image.ts')).renderAvatar(image);

/** The channel of a participant that an avatar is taken from. */
export type AvatarSyncInput = { participantId: string; integrationConfigId: string; address: string };

/** The same as callers name the channel: by its id, or by integration config and address. */
export type NamedAvatarSync = {
  participantId: string;
  channelId?: string | null | undefined;
  integrationConfigId?: string | null | undefined;
  address?: string | null | undefined;
};

/** The rules of avatars. Most return the participant's id. Each change is announced. */
export interface AvatarSync {
  /** Takes the avatar from the channel's provider. Changes nothing when it throws. Announces the outcome either way. */
  sync(db: TenantDatabase, input: NamedAvatarSync): Promise<string>;
  /**
   * Takes the avatar for a job and ends the job in the same transaction, unless an avatar was uploaded or another
   * worker has the job. Changes nothing when it throws.
   */
  syncFor(db: TenantDatabase, job: AvatarJob): Promise<void>;
  /** Stores the file as the avatar. Throws AVATAR_INVALID. */
  upload(db: TenantDatabase, input: { participantId: string; file: UploadedFile }): Promise<string>;
  /** Removes the participant's avatar. A second call changes nothing. */
  remove(db: TenantDatabase, input: { participantId: string }): Promise<string>;
}

/** The bound of an image in bytes. */
export const largestImage = 5 * 2 ** 20;

type Subject = { id: string; configId: string | null; provider: string | null; tokenCiphertext: string | null };

const participantId = parameter('participantId', uuid);
const address = parameter('address', text);

const subjectOf = statement(
  rows({ id: uuid, configId: nullable(uuid), provider: nullable(text), tokenCiphertext: nullable(text) }),
)`select p.id, i.id as "configId", i.provider, i.token_ciphertext as "tokenCiphertext"
   from participant p
   left join channel c on c.tenant_id = p.tenant_id and c.participant_id = p.id and c.integration_config_id = ${parameter('configId', nullable(uuid))} and c.address = ${address}
   left join integration_config i on i.tenant_id = c.tenant_id and i.id = c.integration_config_id
   where p.tenant_id = ${tenant} and p.id = ${participantId}`;

const channelStays = statement(rows({ id: uuid }))`
  select c.id from channel c
  where c.tenant_id = ${tenant} and c.participant_id = ${participantId} and c.integration_config_id = ${parameter('configId', uuid)}
    and c.address = ${address} for key share`;

const pictured = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id = ${participantId} and p.avatar_file_id is not null`;

const uploaded = statement(rows({ id: uuid }))`
  select p.id from participant p where p.tenant_id = ${tenant} and p.id = ${participantId} and p.avatar_source = 'UPLOADED'`;

/**
 * Which channel is meant. One that is not the participant's is told apart later, with the participant. Throws
 * VALIDATION_FAILED unless it was named in one way.
 */
async function channelNamed(db: TenantDatabase, named: NamedAvatarSync): Promise<AvatarSyncInput> {
  const { participantId, channelId, integrationConfigId, address } = named;
  if (channelId == null && integrationConfigId != null && address != null)
    return { participantId, integrationConfigId, address };
  if (channelId == null || integrationConfigId != null || address != null) {
    const message = 'must be given, or both integrationConfigId and address, and not more';
    throw new Problem('VALIDATION_FAILED', `channelId ${message}`, {
      errors: [{ path: ['input', 'channelId'], message }],
    });
  }
  const [channel] = await channelById.load(db, [channelId]);
  return channel && channel.participantId === asUuid(participantId)
    ? { participantId, integrationConfigId: channel.integrationConfigId, address: channel.address }
    : { participantId, integrationConfigId: '', address: channelId };
}

/** Makes the rules from what they need of the outside world. */
export function createAvatarSync(world: {
  storage: Storage;
  sources: AvatarSources;
  download: Download;
  connections: Connections;
}): AvatarSync {
  /**
   * Takes the avatar. In the transaction that writes it, `admit` says whether it is still wanted, and `settle` ends the
   * job.
   */
  async function take(
    db: TenantDatabase,
    subject: Subject,
    { address }: AvatarSyncInput,
    admit: (tx: TenantTransaction) => Promise<boolean>,
    settle: (tx: TenantTransaction) => Promise<void>,
  ): Promise<void> {
    const { configId, provider, tokenCiphertext } = subject;
    const gone = new Problem(
      'CHANNEL_NOT_ON_PARTICIPANT',
      `Channel ${address.slice(0, 100)} is not on this participant.`,
    );
    if (!configId || !provider) throw gone;
    const source = world.sources.get(provider);
    if (!source) throw new Problem('AVATAR_SOURCE_NOT_REGISTERED', `No avatars can be had from ${provider}.`);
    const picture = await world.connections.use(db, { id: configId, provider, tokenCiphertext }, (token) =>
      source.locate({ token, address }),
    );
    const image = 'image' in picture ? picture.image : await world.download(picture.url);
    const avatar = await renderAvatar(image);
    await storeAvatar(db, world.storage, avatar, (avatarFileId) =>
      db.transaction(async (tx) => {
        const id = await lockParticipant(tx, subject.id);
        if (!(await admit(tx))) return;
        const [channel] = await tx.query(channelStays, { participantId: id, configId, address });
        if (!channel) throw gone;
        await setAvatar(tx, id, {
          avatarFileId,
          avatarSource: 'CHANNEL',
          avatarSourceConfigId: configId,
          avatarSourceAddress: address,
          avatarSyncedAt: tx.now(),
        });
        await settle(tx);
      }),
    );
  }

  const subjectIn = async (db: TenantDatabase, input: AvatarSyncInput): Promise<Subject> => {
    const id = asUuid(input.participantId);
    const of = { configId: asUuid(input.integrationConfigId), address: input.address };
    const find = async (participantId: string) => (await db.query(subjectOf, { participantId, ...of }))[0];
    const subject = id && (await followed(db, 'PARTICIPANT', id, find));
    if (!subject) throw participantNotFound(input.participantId);
    return subject;
  };

  return {
    async sync(db, named) {
      const input = await channelNamed(db, named);
      const subject = await subjectIn(db, input);
      const { id: participantId } = subject;
      try {
        await take(
          db,
          subject,
          input,
          async () => true,
          async (tx) => {
            await supersede(tx, participantId, { kind: 'SYNCED' });
            announceChange(tx, participantId);
          },
        );
      } catch (error) {
        const { code, status, message } = problemBehind(error);
        db.announce('avatarSynced', {
          participantId,
          error: { code, status, detail: message },
          occurredAt: db.now().toISOString(),
        });
        throw error;
      }
      return participantId;
    },

    async syncFor(db, job) {
      const admit = async (tx: TenantTransaction) => {
        if (!(await isOwn(tx, job))) return false;
        if ((await tx.query(uploaded, { participantId: job.participantId })).length === 0) return true;
        await endOwn(tx, job, { kind: 'SKIPPED' });
        return false;
      };
      // Checks before the provider is asked, where the outcome is known already.
      const wanted = (await db.query(uploaded, { participantId: job.participantId })).length === 0;
      if (wanted) await take(db, await subjectIn(db, job), job, admit, (tx) => endOwn(tx, job, { kind: 'SYNCED' }));
      else {
        await db.transaction(async (tx) => {
          await lockParticipant(tx, job.participantId);
          if (await admit(tx)) throw new Problem('UNAVAILABLE', 'The avatar was changed meanwhile.');
        });
      }
    },

    async upload(db, { participantId, file }) {
      if (file.size > largestImage) throw new Problem('AVATAR_INVALID', 'The file is larger than 5 MiB.');
      const found = await db.transaction((tx) => lockParticipant(tx, participantId));
      const avatar = await renderAvatar(await file.bytes());
      return storeAvatar(db, world.storage, avatar, (avatarFileId) =>
        db.transaction(async (tx) => {
          const id = await lockParticipant(tx, found);
          await setAvatar(tx, id, { ...noAvatar, avatarFileId, avatarSource: 'UPLOADED' });
          await supersede(tx, id, { kind: 'SKIPPED' });
          announceChange(tx, id);
          return id;
        }),
      );
    },

    remove: (db, { participantId }) =>
      db.transaction(async (tx) => {
        const id = await lockParticipant(tx, participantId);
        await supersede(tx, id, { kind: 'SKIPPED' });
        if ((await tx.query(pictured, { participantId: id })).length > 0) {
          await setAvatar(tx, id, noAvatar);
          announceChange(tx, id);
        }
        return id;
      }),
  };
}

const announceChange = (tx: TenantTransaction, participantId: string) =>
  tx.announce('avatarSynced', { participantId, error: null, occurredAt: tx.now().toISOString() });
