import type { DataJob } from '../../database/generated/client.ts';
import type { GuessedField, kinds } from '../../transfer/fields.ts';
import { dataFileById, keptHours } from '../../transfer/files.ts';
import { jobById, jobDays, secondsLeft } from '../../transfer/jobs.ts';
import { builder } from '../builder.ts';
import type { GraphContext } from '../context.ts';
import { ConversationFilterType } from '../conversations/conversations.ts';
import { ParticipantFilterType } from '../directory/participants.ts';
import { ErrorCodeType, storedCode } from '../error-code.ts';
import { ExternalUserFilterType } from '../external-users/external-user-list.ts';
import { HistorySubjectType, subjectLoaders } from '../history/subject.ts';
import { NodeType } from '../node-interface.ts';

/** What goes in or out, in the graph. */
export const KindType = builder.enumType('DataKind', {
  description: 'What goes in or out.',
  values: {
    EXTERNAL_USERS: { description: 'External users, with all their identifiers.' },
    PARTICIPANTS: {
      description:
        'Participants, with their channels and their agents, which the tenant must have. Pictures do not go with them.',
    },
    CONVERSATIONS: {
      description: 'Conversations, with everybody who takes part in them, also contacts that were deleted.',
    },
  } satisfies Record<(typeof kinds)[number], object>,
});

/** The form of a file, in the graph. */
export const FormatType = builder.enumType('DataFormat', {
  description: 'The form of a file of data.',
  values: {
    CSV: {
      description:
        "Values with a line of column names before them: by comma, semicolon or tab, in UTF-8 or UTF-16. A cell that a spreadsheet would run, and an empty text, begin with a `'`, which an import takes away.",
    },
    NDJSON: { description: 'A JSON object in each line, in UTF-8.' },
  },
});

/** Which of a kind to export, in the graph. */
export const ExportFilterType = builder.inputType('ExportFilter', {
  description: 'Which to export: the filter of the list of the same kind.',
  isOneOf: true,
  fields: (t) => ({
    externalUsers: t.field({
      type: ExternalUserFilterType,
      description: 'Which external users: those that `externalUsersConnection` has with it.',
    }),
    participants: t.field({
      type: ParticipantFilterType,
      description: 'Which participants: those that `participantsConnection` has with it.',
    }),
    conversations: t.field({
      type: ConversationFilterType,
      description:
        'Which conversations: those that `conversationsConnection` has with it. `orderBy` does nothing here.',
    }),
  }),
});

const StateType = builder.enumType('DataJobState', {
  description: 'How far an import or an export is.',
  values: {
    QUEUED: { description: 'It waits for its turn.' },
    RUNNING: { description: 'It is being done.' },
    DONE: { description: 'It is done. Some rows of an import may have been refused.' },
    FAILED: { description: 'It could not be done: `error` says why. What was written before stays.' },
    CANCELLED: { description: 'Somebody has ended it. What was written before stays.' },
  },
});

/** What to do with a row that exists, in the graph. */
export const ConflictType = builder.enumType('ImportConflict', {
  description:
    'What to do with a row that exists already. A row without an id of a participant or a conversation exists where one was made of a row with the same content: the same row twice makes one.',
  values: {
    SKIP: { description: 'It stays as it is.' },
    UPDATE: {
      description:
        'It gets the row’s values. What the row leaves empty stays: other members of the metadata or the attributes, and others who take part in a conversation, too. Where nothing differs it stays as it is.',
    },
    FAIL: { description: 'The row is refused.' },
  },
});

const FailureType = builder.objectRef<{ code: string; detail: string }>('DataJobError').implement({
  description: 'Why an import or an export has failed.',
  fields: (t) => ({
    code: t.field({
      type: ErrorCodeType,
      description: 'A code of the error catalogue.',
      resolve: ({ code }) => storedCode(code),
    }),
    detail: t.exposeString('detail', { description: 'What is wrong, in a sentence.' }),
  }),
});

const errorOf = ({ errorCode, errorDetail }: DataJob) =>
  errorCode === null ? null : { code: errorCode, detail: errorDetail ?? '' };

async function urlOf(fileId: string | null, { load, services, db }: GraphContext): Promise<string | null> {
  const file = fileId && (await load(dataFileById, fileId));
  return file && file.expiresAt > db.now() ? services.fileUrls.signData(file.id) : null;
}

subjectLoaders.set('DataJob', { scope: 'admin', loader: jobById });
builder.objectRef<Pick<DataJob, 'id'>>('DataJob').implement({
  interfaces: [HistorySubjectType],
  description: 'An import or an export, as the history names it. Seen with `admin`.',
  fields: (t) => ({ id: t.exposeID('id', { description: 'The UUID of the import or the export.' }) }),
});

/** An import in the graph. */
export const GuessedFieldType = builder.objectRef<GuessedField>('ImportField').implement({
  description: 'A field of a file’s rows, and the column that it is read from. Seen with `admin`.',
  fields: (t) => ({
    field: t.exposeString('field', {
      description: 'The field, as in `mapping`: for example `firstName` or `metadata.plan`.',
    }),
    column: t.exposeString('column', {
      nullable: true,
      description: 'The column’s name; null where none says that it is this field.',
    }),
    otherColumns: t.exposeStringList('otherColumns', {
      description:
        'Columns that it is read from besides. Only e-mail addresses and telephone numbers of external users have any: of these a user may have several.',
    }),
  }),
});

export const ImportType = builder.objectRef<DataJob>('DataImport').implement({
  interfaces: [NodeType],
  description: `An import of a file, and how far it has come. It is kept for ${jobDays} days after it was over. Seen with \`admin\`.`,
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The import’s UUID.' }),
    kind: t.field({
      type: KindType,
      description: 'What the file’s rows are.',
      resolve: ({ kind }) => kind as (typeof kinds)[number],
    }),
    state: t.field({
      type: StateType,
      description: 'How far it is.',
      resolve: ({ state }) => state as 'QUEUED' | 'RUNNING' | 'DONE' | 'FAILED' | 'CANCELLED',
    }),
    dryRun: t.exposeBoolean('isDryRun', { description: 'Whether it only says what it would do.' }),
    totalRows: t.exposeInt('totalRows', {
      nullable: true,
      description: 'How many rows the file has; null until they were counted.',
    }),
    doneRows: t.exposeInt('doneRows', { description: 'How many of them are done.' }),
    created: t.exposeInt('createdRows', { description: 'How many have added something.' }),
    updated: t.exposeInt('updatedRows', { description: 'How many have changed something.' }),
    unchanged: t.exposeInt('unchangedRows', {
      description:
        'How many were there already, or the same. Rows with the id or the foreign key of somebody who was merged into another since are among them: what they say is older than the merge.',
    }),
    rejected: t.exposeInt('rejectedRows', { description: 'How many were refused: `rejectedRowsUrl` says why.' }),
    unreadColumns: t.exposeStringList('unreadColumns', {
      description:
        'The file’s columns that are not read, 100 of them at the most: neither their names nor the mapping say that they are a field. Of NDJSON, the members of its objects. Empty until the rows were counted.',
    }),
    estimatedSecondsLeft: t.int({
      nullable: true,
      description:
        'In how many seconds it will be done if it goes on as it has until now. 0 when it is over; null until that is known.',
      resolve: (job, _, { db }) => secondsLeft(job, db.now().getTime()),
    }),
    rejectedRowsUrl: t.field({
      type: 'URL',
      nullable: true,
      description: `A signed URL of a CSV with the line, the field and the reason of each refused row, of 100,000 at most. Null before it is done, when there are none, and after ${keptHours} hours.`,
      resolve: ({ rejectedFileId }, _, context) => urlOf(rejectedFileId, context),
    }),
    error: t.field({
      type: FailureType,
      nullable: true,
      description: 'Why it has failed; null unless it has.',
      resolve: errorOf,
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was over; null until then.',
    }),
  }),
});

/** An export in the graph. */
export const ExportType = builder.objectRef<DataJob>('DataExport').implement({
  interfaces: [NodeType],
  description: `An export into a file. It is kept for ${jobDays} days after it was over. Seen with \`admin\`.`,
  fields: (t) => ({
    id: t.exposeID('id', { description: 'The export’s UUID.' }),
    kind: t.field({
      type: KindType,
      description: 'What is exported.',
      resolve: ({ kind }) => kind as (typeof kinds)[number],
    }),
    state: t.field({
      type: StateType,
      description: 'How far it is.',
      resolve: ({ state }) => state as 'QUEUED' | 'RUNNING' | 'DONE' | 'FAILED' | 'CANCELLED',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    rows: t.exposeInt('doneRows', { description: 'How many rows the file has.' }),
    url: t.field({
      type: 'URL',
      nullable: true,
      description: `A signed URL of the file; null before it is done, and after ${keptHours} hours.`,
      resolve: ({ fileId }, _, context) => urlOf(fileId, context),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the file is deleted; null before it is done.',
      resolve: async ({ fileId }, _, context) =>
        (fileId && (await context.load(dataFileById, fileId))?.expiresAt) || null,
    }),
    error: t.field({
      type: FailureType,
      nullable: true,
      description: 'Why it has failed; null unless it has.',
      resolve: errorOf,
    }),
  }),
});
