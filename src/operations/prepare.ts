import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  type Token,
  validate,
  visit,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Budget } from './budget.ts';
import { documentErrors } from './document-limits.ts';
import { placeOf } from './errors.ts';
import { createExecutor, type Executor } from './executor.ts';
import { limits } from './limits.ts';

/** One operation of a valid document within the limits, ready to run with any variables. */
export type PreparedOperation = {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
  executor: Executor;
};

/**
 * Prepares a document's operation by its name. Without a name, or with an empty one, the document must have one
 * operation. Charges the budget for the document. Throws a GraphQLError with a code.
 */
export type Prepare = (text: string, operationName: string | null, budget?: Budget) => PreparedOperation;

export type PrepareOptions = {
  /** Whether clients may read the schema. */
  introspection: boolean;
  /** How many runs come before a query is compiled. */
  compileAfter: number;
  /** The bound of all kept documents with their compiled code, in bytes. */
  keptBytes?: number;
};

type KnownDocument = {
  characters: number;
  tokens: number;
  operations: readonly PreparedOperation[];
  /** Its approximate memory. It grows when an operation is compiled. */
  bytes: number;
};

/**
 * The measured memory of documents: `test/operations/caches.test.ts` fills the cache with the most expensive document
 * of each kind.
 */
const bytesOfDocument = 2_000;
const bytesOfNode = 600;

/**
 * Parses, validates and caches documents. There is no other cache of documents. It is bounded in bytes and does not
 * keep refused documents.
 */
export function createPrepare(
  schema: GraphQLSchema,
  { introspection, compileAfter, keptBytes = 64_000_000 }: PrepareOptions,
): Prepare {
  const documents = new LRUCache<string, KnownDocument>({ maxSize: keptBytes, sizeCalculation: ({ bytes }) => bytes });
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];

  function checked(text: string, mostTokens: number): DocumentNode {
    const document = parsed(text, mostTokens);
    // Before validation, which compares each field with all others of its name.
    const tooLarge = documentErrors(document);
    const errors = tooLarge.length > 0 ? tooLarge : validate(schema, document, rules);
    if (errors.length > 0)
      throw new AggregateError(errors.map((error) => withCode('GRAPHQL_VALIDATION_FAILED', error)));
    return document;
  }

  function known(text: string, mostTokens: number): KnownDocument {
    const document = checked(text, mostTokens);
    const made: KnownDocument = {
      characters: text.length,
      tokens: document.tokenCount ?? 0,
      bytes: bytesOfDocument + 2 * text.length + bytesOfNode * nodesOf(document),
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
          if (documents.delete(text)) documents.set(text, made);
        },
      });
    }
    documents.set(text, made);
    return made;
  }

  return (text, operationName, budget) => {
    const characters = limits.document - (budget?.characters ?? 0);
    if (text.length > characters)
      throw withCode(
        'GRAPHQL_PARSE_FAILED',
        new GraphQLError(
          budget?.operations
            ? `The documents of the batch are longer than ${limits.document} characters.`
            : `The document is longer than ${limits.document} characters.`,
        ),
      );
    const tokens = limits.tokens - (budget?.tokens ?? 0);
    let found = documents.get(text);
    // The parser refuses a document that exceeds the budget, with its own error.
    if (!found || found.tokens > tokens) found = known(text, tokens);
    if (budget) {
      budget.operations += 1;
      budget.characters += found.characters;
      budget.tokens += found.tokens;
    }
    const { operations } = found;
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
}

const withCode = (code: 'GRAPHQL_PARSE_FAILED' | 'GRAPHQL_VALIDATION_FAILED', error: GraphQLError): GraphQLError =>
  new GraphQLError(error.message, { ...placeOf(error), extensions: { code, http: { spec: true, status: 400 } } });

function parsed(text: string, maxTokens: number): DocumentNode {
  try {
    const document = parse(text, { maxTokens });
    unlinkTokens(document);
    return document;
  } catch (error) {
    throw error instanceof GraphQLError ? withCode('GRAPHQL_PARSE_FAILED', error) : error;
  }
}

/**
 * Unlinks the parser's tokens. Each refers to the next, also for comments, so a document of comments would keep forty
 * times its length. Errors need only the places of nodes.
 */
function unlinkTokens({ loc }: DocumentNode): void {
  for (let token: Token | null = loc?.startToken ?? null; token; ) {
    const { next }: Token = token;
    Object.assign(token, { prev: null, next: null });
    token = next;
  }
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
