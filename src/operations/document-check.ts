import {
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  type Token,
  validate,
} from 'graphql';
import { documentErrors } from './document-limits.ts';
import { placeOf } from './errors.ts';
import { limits } from './limits.ts';

/**
 * Parses and validates a document of so many tokens at the most. Throws GRAPHQL_PARSE_FAILED, or an AggregateError of
 * GRAPHQL_VALIDATION_FAILED.
 */
export type DocumentCheck = (text: string, maxTokens: number) => DocumentNode;

/** Creates the check of a schema's documents. Without introspection they may not read the schema. */
export function createDocumentCheck(
  schema: GraphQLSchema,
  { introspection }: { introspection: boolean },
): DocumentCheck {
  const rules = introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  return (text, maxTokens) => {
    const document = parsed(text, maxTokens);
    // Before validation, which compares each field with all others of its name.
    const tooLarge = documentErrors(document);
    const errors = tooLarge.length > 0 ? tooLarge : validate(schema, document, rules);
    if (errors.length > 0)
      throw new AggregateError(errors.map((error) => withCode('GRAPHQL_VALIDATION_FAILED', error)));
    return document;
  };
}

/** Throws when a text is longer than what is left. Others of its batch may have come before. */
export function demandLength(text: string, left: number, before = 0): void {
  if (text.length <= left) return;
  const what = before > 0 ? 'The documents of the batch are' : 'The document is';
  throw withCode('GRAPHQL_PARSE_FAILED', new GraphQLError(`${what} longer than ${limits.document} characters.`));
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
