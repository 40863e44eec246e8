import { createHash } from 'node:crypto';
import { progressOf } from '../../avatars/progress.ts';
import type { DataJob } from '../../database/generated/client.ts';
import { Problem } from '../../errors/catalogue.ts';
import type { FieldCost } from '../../operations/field-cost.ts';
import { limits } from '../../operations/limits.ts';
import type { UploadedFile } from '../../storage/uploaded-file.ts';
import { guessMapping } from '../../transfer/fields.ts';
import { cancelImport, importNotFound, jobById, jobDays, startExport, startImport } from '../../transfer/jobs.ts';
import { pageOfJobs } from '../../transfer/lists.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { createOnce, idempotencyKey, still, write } from '../mutation.ts';
import {
  ConflictType,
  ExportFilterType,
  ExportType,
  FormatType,
  GuessedFieldType,
  ImportType,
  KindType,
} from './types.ts';

const ofDirection = async (id: string, direction: string, { load }: GraphContext): Promise<DataJob | null> => {
  const job = await load(jobById, id);
  return job?.direction === direction ? job : null;
};

const ImportConnection = builder.connectionObject(
  { type: ImportType, name: 'DataImportConnection', description: 'A page of imports, the newest first.' },
  { description: 'An import in a page.' },
);
const ExportConnection = builder.connectionObject(
  { type: ExportType, name: 'DataExportConnection', description: 'A page of exports, the newest first.' },
  { description: 'An export in a page.' },
);

builder.queryFields((t) => ({
  import: t.field({
    type: ImportType,
    nullable: true,
    description: 'An import by its UUID; null when the tenant has none of that id. Needs `admin`.',
    authScopes: { scope: 'admin' },
    args: { id: t.arg.id({ required: true, description: 'The import’s UUID.' }) },
    resolve: (_, { id }, context) => ofDirection(id, 'IMPORT', context),
  }),
  export: t.field({
    type: ExportType,
    nullable: true,
    description: 'An export by its UUID; null when the tenant has none of that id. Needs `admin`.',
    authScopes: { scope: 'admin' },
    args: { id: t.arg.id({ required: true, description: 'The export’s UUID.' }) },
    resolve: (_, { id }, context) => ofDirection(id, 'EXPORT', context),
  }),
  importsConnection: t.field({
    type: ImportConnection,
    description: `The imports that go on or were over in the last ${jobDays} days, page by page, the newest first. Needs \`admin\`.`,
    authScopes: { scope: 'admin' },
    args: t.arg.connectionArgs(),
    resolve: (_, args, { db }) => pageOfJobs(db, 'IMPORT', args),
  }),
  exportsConnection: t.field({
    type: ExportConnection,
    description: `The exports that go on or were over in the last ${jobDays} days, page by page, the newest first. Needs \`admin\`.`,
    authScopes: { scope: 'admin' },
    args: t.arg.connectionArgs(),
    resolve: (_, args, { db }) => pageOfJobs(db, 'EXPORT', args),
  }),
  importMapping: t.field({
    type: [GuessedFieldType],
    description:
      'What an import without a `mapping` would read from a file with these columns: each field of the kind, and the members of the metadata that columns are named after. Reads and changes nothing. Needs `admin`.',
    authScopes: { scope: 'admin' },
    args: {
      kind: t.arg({ type: KindType, required: true, description: 'What the file’s rows are.' }),
      columns: t.arg.stringList({
        required: true,
        description: 'The file’s first row: at most 1,000 names of at most 1,000 characters.',
      }),
    },
    resolve: (_, { kind, columns }) => guessMapping(kind, { columns }),
  }),
}));

const importField = (id: string, context: GraphContext) =>
  still(ofDirection(id, 'IMPORT', context), () => importNotFound(id));
const beganBy = ({ viewer }: GraphContext) => `${viewer.kind} ${viewer.id}`;

/** The input with a digest of its file, by which a repeat is told from another input. */
async function withDigest<Input extends { file: UploadedFile }>(input: Input) {
  const digest = createHash('sha256');
  for await (const piece of input.file.read()) digest.update(piece);
  return { ...input, file: digest.digest('hex') };
}
const upload: FieldCost = { cost: Math.floor(limits.cost / 2) + 1 };

builder.relayMutationField(
  'startImport',
  {
    description: 'The file, and how to take it.',
    inputFields: (t) => ({
      kind: t.field({ type: KindType, required: true, description: 'What the file’s rows are.' }),
      format: t.field({ type: FormatType, required: true, description: 'The file’s form.' }),
      file: t.field({
        type: 'File',
        required: true,
        description: 'The file, of at most 512 MB unless the service’s settings say otherwise.',
      }),
      mapping: t.field({
        type: 'JSONObject',
        description:
          'From a field to the file’s column, like `{"firstName": "first name"}`. A member of the metadata is `metadata.plan`. Null to guess by the columns’ names.',
      }),
      onConflict: t.field({
        type: ConflictType,
        description:
          'What to do with a row that exists already: by its id, also one that was merged into another, or by any identifier of an external user. A row with another foreign key than the user that its e-mail address or telephone number leads to is another person’s, and is refused. SKIP when not given.',
      }),
      dryRun: t.boolean({ description: 'Whether to write nothing, and give the same report. Null is false.' }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Imports a file in the background, sent as a GraphQL multipart request. Rows that the rules refuse are listed with their line, their field and the reason; all others are imported. A person who was erased and blocked is not brought back. To import the same file again changes nothing. One import of a tenant goes on at a time. Needs `admin`.',
    nullable: true,
    authScopes: { scope: 'admin' },
    extensions: upload,
    resolve: async (_, { input }, context) => ({
      id: await createOnce(context, 'startImport', input.idempotencyKey == null ? input : await withDigest(input), {
        create: (db, [id]) => startImport(db, input, context.services.dataStorage, beganBy(context), id),
        again: async ([id]) => id,
      }),
    }),
  },
  {
    description: 'The import, which goes on in the background.',
    outputFields: (t) => ({
      import: t.field({
        type: ImportType,
        description: 'The import. `importProgress` follows it.',
        resolve: ({ id }, _, context) => importField(id, context),
      }),
    }),
  },
);

builder.relayMutationField(
  'cancelImport',
  {
    description: 'The import.',
    inputFields: (t) => ({ id: t.id({ required: true, description: 'The import’s UUID.' }) }),
  },
  {
    description:
      'Ends an import after the batch that it is at; what it has written stays. One that is over stays as it is. An import that the tenant does not have is `FILE_NOT_FOUND`. Needs `admin`.',
    nullable: true,
    authScopes: { scope: 'admin' },
    resolve: async (_, { input }, context) => ({ id: await write(context, () => cancelImport(context.db, input)) }),
  },
  {
    description: 'The import as it is now.',
    outputFields: (t) => ({
      import: t.field({
        type: ImportType,
        description: 'The import.',
        resolve: ({ id }, _, context) => importField(id, context),
      }),
    }),
  },
);

builder.relayMutationField(
  'startExport',
  {
    description: 'What to export.',
    inputFields: (t) => ({
      kind: t.field({ type: KindType, required: true, description: 'What to export.' }),
      format: t.field({ type: FormatType, required: true, description: 'The file’s form.' }),
      filter: t.field({
        type: ExportFilterType,
        description: 'Which of the kind; null for all of the tenant’s. That of another kind is `VALIDATION_FAILED`.',
      }),
      idempotencyKey: t.string(idempotencyKey),
    }),
  },
  {
    description:
      'Exports everything of a kind, or what a filter means, into a file, in the background. It can be imported again without a loss. Needs `admin`.',
    nullable: true,
    authScopes: { scope: 'admin' },
    resolve: async (_, { input }, context) => ({
      id: await createOnce(context, 'startExport', input, {
        create: (db, [id]) => startExport(db, input, beganBy(context), id),
        again: async ([id]) => id,
      }),
    }),
  },
  {
    description: 'The export, which goes on in the background.',
    outputFields: (t) => ({
      export: t.field({
        type: ExportType,
        description: 'The export.',
        resolve: ({ id }, _, context) =>
          still(ofDirection(id, 'EXPORT', context), () => new Problem('FILE_NOT_FOUND', 'The export is gone.')),
      }),
    }),
  },
);

/** The import's states. Throws FILE_NOT_FOUND. */
async function progressIn(importId: string, context: GraphContext) {
  const { id } = await importField(importId, context);
  const steps = context.services.events.listen(context.db.tenantId, 'dataJobChanged', ({ jobId }) => jobId === id);
  return progressOf(() => {
    context.forget();
    return ofDirection(id, 'IMPORT', context);
  }, steps);
}

builder.subscriptionField('importProgress', (t) =>
  t.field({
    type: ImportType,
    description:
      'An import as it goes on: its state at once, then each step, or several together for a client that reads slower. Completes when the import is over. An import that the tenant does not have is `FILE_NOT_FOUND`. Needs `admin`.',
    authScopes: { scope: 'admin' },
    args: { importId: t.arg.id({ required: true, description: 'The import’s UUID.' }) },
    subscribe: (_, { importId }, context) => progressIn(importId, context),
    resolve: (job: DataJob) => job,
  }),
);
