import { createHash } from 'node:crypto';
import { printExecutableGraphQLDocument } from '@graphql-tools/documents';
import { type DocumentNode, GraphQLError, parse } from 'graphql';
import { Problem } from '../errors/catalogue.ts';
import { bareDocumentId } from '../trusted-documents.ts';
import { type DocumentCheck, demandLength } from './document-check.ts';
import { limits } from './limits.ts';

/**
 * How a request names its document: by its text, by the id of a trusted document (`documentId`, or Apollo's
 * `extensions.persistedQuery`), or by both. The members are as the client sent them.
 */
export type DocumentRequest = { query?: unknown; documentId?: unknown; extensions?: unknown };

/** A trusted document, checked at the start. */
export type TrustedDocument = { text: string; document: DocumentNode };

const refused = (detail: string) => new Problem('BAD_USER_INPUT', detail);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const persistedQueryOf = ({ extensions }: DocumentRequest): unknown =>
  (isObject(extensions) ? extensions['persistedQuery'] : null) ?? null;

/** Returns whether a request names its document by an id, of any form. */
export const namesById = (request: DocumentRequest): boolean =>
  (request.documentId ?? null) !== null || persistedQueryOf(request) !== null;

/** Returns the text and the id by which a request names its document. At least one is there. Throws BAD_USER_INPUT. */
export function namedDocument(request: DocumentRequest): { text: string | null; id: string | null } {
  const text = request.query ?? null;
  if (text !== null && typeof text !== 'string') throw refused('The query must be a string.');
  const id = idOf(request.documentId ?? null, persistedQueryOf(request));
  if (text === null && id === null) throw refused('Must provide query string.');
  // graphql-ws demands a query: with an id its clients send an empty one.
  return { text: text === '' && id !== null ? null : text, id };
}

function idOf(documentId: unknown, persistedQuery: unknown): string | null {
  const ids: string[] = [];
  if (documentId !== null) {
    if (typeof documentId !== 'string' || documentId === '') throw refused('The documentId must be a string.');
    ids.push(bareDocumentId(documentId));
  }
  if (persistedQuery !== null) {
    const { version = 1, sha256Hash } = isObject(persistedQuery) ? persistedQuery : {};
    if (version !== 1) throw refused('Unsupported persisted query version.');
    if (typeof sha256Hash !== 'string' || sha256Hash === '')
      throw refused('extensions.persistedQuery must have a sha256Hash that is a string.');
    ids.push(bareDocumentId(sha256Hash));
  }
  const [id = null, other = id] = ids;
  if (id !== other) throw refused('The documentId and the sha256Hash name different documents.');
  return id;
}

/**
 * Returns whether a text is that document. Codegen's client preset sorts the documents of its map, so order, space and
 * comments make no difference. The trusted document is what runs, in any case.
 */
export function isDocument(text: string, { text: trusted, document }: TrustedDocument): boolean {
  if (text === trusted) return true;
  if (text.length > limits.document) return false;
  try {
    const sent = parse(text, { noLocation: true, maxTokens: limits.tokens });
    return printExecutableGraphQLDocument(sent) === printExecutableGraphQLDocument(document);
  } catch {
    return false;
  }
}

/** Returns whether an id is the SHA-256 of the text, as clients of automatic persisted queries make it. */
export const isHashOf = (id: string, text: string): boolean => createHash('sha256').update(text).digest('hex') === id;

export const otherDocument = () => refused('The document has another id: provided sha does not match query.');

export const notTrusted = () =>
  new Problem(
    'DOCUMENT_NOT_TRUSTED',
    'Only trusted documents run here: send the id of one as documentId, or its hash.',
  );

/** Answers in the words and with the status that Apollo's clients know. They send the text then. */
export const persistedQueryProblem = (supported: boolean): GraphQLError => {
  const problem = supported
    ? new Problem('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
    : new Problem('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
  return new GraphQLError(problem.message, {
    originalError: problem,
    // A cache must not keep the answer to a GET: its status says that it is good.
    extensions: { http: { status: 200, headers: { 'cache-control': 'private, no-cache, must-revalidate' } } },
  });
};

/** What is wrong with the trusted documents. */
export class TrustedDocumentsError extends Error {
  override readonly name = 'TrustedDocumentsError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

/** Parses and validates all trusted documents, by their ids. Throws TrustedDocumentsError with the faults of all. */
export function checkedAll(
  texts: ReadonlyMap<string, string>,
  check: DocumentCheck,
): ReadonlyMap<string, TrustedDocument> {
  const faults: string[] = [];
  const documents = new Map<string, TrustedDocument>();
  for (const [id, text] of texts) {
    try {
      demandLength(text, limits.document);
      documents.set(id, { text, document: check(text, limits.tokens) });
    } catch (error) {
      const errors: Error[] = error instanceof AggregateError ? error.errors : [error];
      faults.push(...errors.map(({ message }) => `${id}: ${message}`));
    }
  }
  if (faults.length > 0) throw new TrustedDocumentsError(faults);
  return documents;
}
