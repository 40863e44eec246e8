import type { DataFile, Erasure } from '../../database/generated/client.ts';
import { Problem } from '../../errors/catalogue.ts';
import { erasePerson, erasureById } from '../../persons/erase.ts';
import { exportPerson } from '../../persons/export.ts';
import { dataFileById, keptHours } from '../../transfer/files.ts';
import { builder } from '../builder.ts';
import { HistorySubjectType } from '../history/subject.ts';
import { IdentityInputType } from '../identity/who-is.ts';
import { still, write } from '../mutation.ts';
import { NodeType } from '../node-interface.ts';

const ErasureType = builder.objectRef<Erasure>('Erasure').implement({
  interfaces: [NodeType, HistorySubjectType],
  description: 'That a person’s data was erased, and how much it was. It holds nothing of theirs. Seen with `admin`.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The UUID of this record.' }),
    digest: t.exposeString('digest', {
      description: 'A SHA-256 digest, in hexadecimal, of the identifier that was named, with the tenant’s id.',
    }),
    blocked: t.exposeBoolean('isBlocked', {
      description:
        'Whether digests of the person’s identifiers are kept, so that no import and no webhook brings them back.',
    }),
    externalUsers: t.exposeInt('externalUsers', { description: 'How many external users were deleted.' }),
    participants: t.exposeInt('participants', { description: 'How many participants were deleted.' }),
    memberships: t.exposeInt('memberships', { description: 'How many memberships in conversations were deleted.' }),
    historyEntries: t.exposeInt('historyEntries', { description: 'How many entries of the history were deleted.' }),
    files: t.exposeInt('files', {
      description: 'How many files were deleted: pictures, and all of the tenant’s files of imports and exports.',
    }),
    erasedAt: t.expose('erasedAt', { type: 'DateTime', description: 'When it was done.' }),
    erasedBy: t.exposeString('erasedBy', { description: 'Who did it: a token’s subject, or a key’s UUID.' }),
  }),
});

/** A file of data in the graph. */
const DataFileType = builder.objectRef<DataFile>('DataFile').implement({
  interfaces: [NodeType, HistorySubjectType],
  description: `A file of data that went in or out, kept for ${keptHours} hours. Seen with \`admin\`.`,
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The file’s UUID.' }),
    name: t.exposeString('name', { description: 'What a browser saves it as.' }),
    url: t.field({
      type: 'URL',
      description: 'A signed URL, good for an hour at the least, as long as the file is kept.',
      resolve: ({ id }, _, { services }) => services.fileUrls.signData(id),
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it is deleted.' }),
  }),
});

const by = {
  type: IdentityInputType,
  required: true,
  description:
    'What the person is known by. All external users and persons that `whoIs` finds by it are meant, and those whose e-mail address it was before a merge of participants dropped it.',
} as const;

builder.relayMutationField(
  'exportPerson',
  { description: 'Whose data to export.', inputFields: (t) => ({ by: t.field(by) }) },
  {
    description: `Writes everything that is held about a person into one JSON file, which is kept for ${keptHours} hours: rows, memberships, history, pictures. Needs \`admin\`.`,
    nullable: true,
    authScopes: { scope: 'admin' },
    resolve: async (_, { input }, context) => ({
      fileId: await write(context, () => exportPerson(context.db, input, context.services.dataStorage)),
    }),
  },
  {
    description: 'Where the file is.',
    outputFields: (t) => ({
      url: t.field({
        type: 'URL',
        description: 'A signed URL of the JSON file, good for an hour at the least.',
        resolve: ({ fileId }, _, { services }) => services.fileUrls.signData(fileId),
      }),
      file: t.field({
        type: DataFileType,
        description: 'The file.',
        resolve: ({ fileId }, _, context) =>
          still(context.load(dataFileById, fileId), () => new Problem('FILE_NOT_FOUND', 'The file is gone.')),
      }),
    }),
  },
);

builder.relayMutationField(
  'erasePerson',
  {
    description: 'Whose data to erase.',
    inputFields: (t) => ({
      by: t.field(by),
      confirm: t.boolean({ required: true, description: 'Must be true: nothing of it can be undone.' }),
      block: t.boolean({
        description:
          'Whether to keep digests of the person’s identifiers, so that no import and no webhook brings them back. Null is false.',
      }),
    }),
  },
  {
    description:
      'Deletes everything that is held about a person: external users, persons with their channels and pictures, memberships, unknown senders, history, and the tenant’s files of imports and exports. Imports that are not done end with `CONFLICT`, exports begin anew. A record remains, with a digest of the identifier. To erase nobody is no error. Needs `admin`.',
    nullable: true,
    authScopes: { scope: 'admin' },
    resolve: async (_, { input }, context) => {
      const { services, db, viewer } = context;
      const { id, left } = await write(context, () => erasePerson(db, input, viewer.id, services.participantHooks));
      await services.deleteLeft(left);
      return { id };
    },
  },
  {
    description: 'What was erased.',
    outputFields: (t) => ({
      erased: t.field({
        type: ErasureType,
        description: 'The record of it.',
        resolve: ({ id }, _, context) =>
          still(context.load(erasureById, id), () => new Problem('FILE_NOT_FOUND', 'The record is gone.')),
      }),
    }),
  },
);
