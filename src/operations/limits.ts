/** How much one request may ask for. Measurements: docs/decisions/0020-limits-that-hold.md. */
export const limits = {
  /** Characters of a document. */
  document: 64_000,
  /** Tokens in a document. */
  tokens: 3_000,
  /** Levels of fields. */
  depth: 14,
  /** Fields under another name, in the whole document. */
  aliases: 60,
  /** Directives, in the whole document. */
  directives: 50,
  /** Fields of a document with its fragments written out wherever they are spread. */
  fields: 20_000,
  /** Pairs of fields that validation compares because both give their value the same name in one object. */
  samePairs: 10_000,
  /** Fields and the rows they can lead to, counted with the variables before an operation runs. A batch shares it. */
  cost: 150_000,
  /** Fields of a result and the work that they take, counted while an operation runs. A batch shares it. */
  work: 400_000,
  /** Bytes of a result, counted while an operation runs. A batch shares it. */
  resultBytes: 16_000_000,
  /** Statements that one request runs at the same time. */
  statements: 4,
  /** Operations in one HTTP request. */
  batch: 10,
  /** Bytes of a request without files, and with them. A file to import has a limit of its own. */
  body: 1_000_000,
  upload: 48_000_000,
  /** Bytes of a file that is held in memory: more than an image may have. */
  heldFile: 6_000_000,
} as const;
