import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Budget } from './budget.ts';
import { createDocumentCheck, demandLength } from './document-check.ts';
import { createExecutor, type Executor } from './executor.ts';
import { limits } from './limits.ts';
import {
  checkedAll,
  type DocumentRequest,
  isDocument,
  isHashOf,
  namedDocument,
  notTrusted,
  otherDocument,
  persistedQueryProblem,
  type TrustedDocument,
} from './trusted.ts';

/** One operation of a valid document within the limits, ready to run with any variables. */
export type PreparedOperation = {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  executor: Executor;
};

/**
 * Prepares a document's operation by its name. Without a name, or with an empty one, the document must have one
 * operation. Charges the budget for the document. Throws a Problem, or a GraphQLError with a code.
 */
export interface Prepare {
  (request: DocumentRequest, operationName: string | null, options?: PrepareRequestOptions): PreparedOperation;
  /** Whether a document has to be parsed and validated first. */
  isNew(request: DocumentRequest): boolean;
}

export type PrepareRequestOptions = {
  /** The budget that the operations of a batch have in common. */
  budget?: Budget | undefined;
  /** Whether the document runs although it is not trusted, where others do not. */
  anyDocument?: boolean | undefined;
};

export type PrepareOptions = {
  /** Whether clients may read the schema. */
  introspection: boolean;
  /** How many runs come before a query is compiled. */
  compileAfter: number;
  /** The bound of all kept documents with their compiled code, in bytes. Trusted documents have as much again. */
  keptBytes?: number;
  /** The text of each trusted document by its id. Null where there are none. */
  trusted?: ReadonlyMap<string, string> | null;
  /** The same of the service's own pages. Their build has checked them, so each is parsed at its first use. */
  own?: ReadonlyMap<string, string> | null;
  /** Whether no other documents run. */
  trustedOnly?: boolean;
};

type Charged = {
  characters: number;
  tokens: number;
  /** Its approximate memory. It grows when an operation is compiled. */
  bytes: number;
};

type KnownDocument = Charged & { operations: readonly PreparedOperation[] };

/**
 * The measured memory of documents: `test/operations/caches.test.ts` fills the cache with the most expensive document
 * of each kind.
 */
const bytesOfDocument = 2_000;
const bytesOfNode = 600;

type Documents = LRUCache<string, KnownDocument>;

/**
 * Parses, validates and caches documents. There is no other cache of documents. It is bounded in bytes and does not
 * keep refused documents. Trusted documents are parsed once, here, and have a part of the cache for their own compiled
 * code, from which no client's text can push them. Throws TrustedDocumentsError.
 */
export function createPrepare(
  schema: GraphQLSchema,
  {
    introspection,
    compileAfter,
    keptBytes = 64_000_000,
    trusted = null,
    own = null,
    trustedOnly = false,
  }: PrepareOptions,
): Prepare {
  const cache = (): Documents => new LRUCache({ maxSize: keptBytes, sizeCalculation: ({ bytes }) => bytes });
  const [byText, byId] = [cache(), cache()];
  const check = createDocumentCheck(schema, { introspection });
  const trustedDocuments = trusted && checkedAll(trusted, check);
  const ownDocuments = new Map<string, TrustedDocument>();

  /** Throws what is wrong with a document of pages that were built for another schema. */
  function ownDocument(id: string): TrustedDocument | undefined {
    const known = ownDocuments.get(id);
    const text = own?.get(id);
    if (known || text === undefined) return known;
    const made = { text, document: check(text, limits.tokens) };
    ownDocuments.set(id, made);
    return made;
  }

  function keep(documents: Documents, key: string, document: DocumentNode, more: Charged): KnownDocument {
    const made: KnownDocument = {
      ...more,
      operations: document.definitions
        .filter((definition) => definition.kind === Kind.OPERATION_DEFINITION)
        .map((operation) => ({ schema, document, operation, executor: executorOf(operation) })),
    };
    function executorOf(operation: OperationDefinitionNode): Executor {
      return createExecutor(schema, document, operation, {
        compileAfter,
        grown(bytes) {
          made.bytes += bytes;
          // A cached document is not measured again.
          if (documents.delete(key)) documents.set(key, made);
        },
      });
    }
    documents.set(key, made);
    return made;
  }

  function ofText(text: string, budget: Budget | undefined): KnownDocument {
    demandLength(text, limits.document - (budget?.characters ?? 0), budget?.operations);
    const tokens = limits.tokens - (budget?.tokens ?? 0);
    const known = byText.get(text);
    if (known && known.tokens <= tokens) return known;
    // The parser refuses a document that exceeds the budget, with its own error.
    const document = check(text, tokens);
    return keep(byText, text, document, {
      characters: text.length,
      tokens: document.tokenCount ?? 0,
      bytes: bytesOfDocument + 2 * text.length + bytesOfNode * nodesOf(document),
    });
  }

  /** A trusted document costs no parsing, so it is not charged for its text. Its nodes are kept in any case. */
  const ofTrusted = (id: string, { document }: TrustedDocument) =>
    byId.get(id) ?? keep(byId, id, document, { characters: 0, tokens: 0, bytes: bytesOfDocument });

  function find(request: DocumentRequest, { budget, anyDocument = false }: PrepareRequestOptions): KnownDocument {
    const { text, id } = namedDocument(request);
    const mayBeAny = anyDocument || !trustedOnly;
    const known = id === null ? undefined : (trustedDocuments?.get(id) ?? ownDocument(id));
    if (id !== null && known) {
      if (text === null || isDocument(text, known)) return ofTrusted(id, known);
      throw mayBeAny ? otherDocument() : notTrusted();
    }
    if (text === null) throw persistedQueryProblem(trustedDocuments !== null);
    if (!mayBeAny) throw notTrusted();
    // What a client registers by itself is run, and never trusted.
    if (id !== null && text.length <= limits.document && !isHashOf(id, text)) throw otherDocument();
    return ofText(text, budget);
  }

  const prepare = (request: DocumentRequest, operationName: string | null, options: PrepareRequestOptions = {}) => {
    const { characters, tokens, operations } = find(request, options);
    const { budget } = options;
    if (budget) {
      budget.operations += 1;
      budget.characters += characters;
      budget.tokens += tokens;
    }
    const prepared = operationName
      ? operations.find(({ operation }) => operation.name?.value === operationName)
      : operations.length === 1
        ? operations[0]
        : undefined;
    if (!prepared)
      throw new GraphQLError(
        operationName
          ? `The document has no operation named "${operationName.slice(0, 100)}".`
          : 'The document does not have exactly one operation: name the one to execute in operationName.',
        { extensions: { code: 'BAD_USER_INPUT', http: { status: 400 } } },
      );
    return prepared;
  };
  // A named document has been parsed, or is after the first time.
  const isNew = ({ query }: DocumentRequest) => typeof query === 'string' && query !== '' && !byText.has(query);
  return Object.assign(prepare, { isNew });
}

function nodesOf(document: DocumentNode): number {
  let nodes = 0;
  visit(document, {
    enter() {
      nodes += 1;
    },
  });
  return nodes;
}
