import type { TypedDocumentNode } from '@urql/core';

/** Requests that were sent before the client was loaded. Each answer is taken once, by the client's own request. */

const begun = new Map<string, Promise<Response>>();
/** An answer that nothing has asked for by then is out of date. */
const keptMs = 10_000;

/** The client sorts the names of what it sends. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    part && typeof part === 'object' && !Array.isArray(part) ? Object.fromEntries(Object.entries(part).sort()) : part,
  );
const keyOf = (authorization: string, body: string): string => `${authorization} ${body}`;

type Question<Data, Variables> = { document: TypedDocumentNode<Data, Variables>; variables: Variables };

/** Sends a query at once, by the hash of its document. */
export function begin<Data, Variables>(
  authorization: string,
  { document, variables }: Question<Data, Variables>,
): void {
  const { __meta__ } = document as { __meta__?: { hash: string } };
  const operation = document.definitions.find(({ kind }) => kind === 'OperationDefinition');
  const operationName = operation && 'name' in operation ? operation.name?.value : undefined;
  const persistedQuery = { version: 1, sha256Hash: __meta__?.hash.replace('sha256:', '') };
  const body = sorted({ operationName, variables, extensions: { persistedQuery } });
  const headers = { authorization, 'content-type': 'application/json', accept: 'application/graphql-response+json' };
  const answer = fetch('/graphql', { method: 'POST', headers, body });
  // Who takes it hears of its failure.
  answer.catch(() => {});
  begun.set(keyOf(authorization, body), answer);
  setTimeout(() => begun.clear(), keptMs);
}

/** Makes the `fetch` of one operator's client: takes the answer that was begun, and asks for all else. */
export const takingBegun =
  (authorization: string): typeof fetch =>
  (url, request) => {
    const key = keyOf(authorization, String(request?.body));
    const answer = begun.get(key);
    begun.delete(key);
    return answer ?? fetch(url, request);
  };
