import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { type DocumentNode, print } from 'graphql';

/** How an operation is sent: its document by text, or by the id that the service knows it by. */
export type OperationBody<Variables> = ({ query: string } | { documentId: string }) & { variables: Variables };

/**
 * Returns the id that codegen has written into a document: the key of `persisted-documents.json`, without the name of
 * its hash. Null for a document that was made otherwise.
 */
export function documentIdOf(document: DocumentNode): string | null {
  const { __meta__: meta } = document as { __meta__?: { hash?: unknown } };
  return typeof meta?.hash === 'string' ? meta.hash.replace(/^sha256:/, '') : null;
}

/**
 * Returns the body for an operation. A document without an id goes by its text also where ids are sent, so that the
 * service answers what is wrong.
 */
export function operationBody<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  byId: boolean,
): OperationBody<Variables> {
  const documentId = byId ? documentIdOf(document) : null;
  return documentId === null ? { query: print(document), variables } : { documentId, variables };
}
