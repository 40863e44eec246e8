import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { operationBody } from './operation-body.ts';
import { networkProblem, ProblemError, problemsOf } from './problem.ts';

/** Where the service is, and as who to ask. */
export type Endpoint = {
  /** The address of the graph, for example `https://rollcall.example.com/graphql`. */
  url: string;
  /** The headers with the credential. Asked for each request, so that a renewed token is used. */
  headers(): Record<string, string> | Promise<Record<string, string>>;
  /**
   * Whether documents are sent by their ids. The service must have their map (`TRUSTED_DOCUMENTS`), and needs ids where
   * it runs nothing else (`TRUSTED_DOCUMENTS_ONLY`). Texts are sent unless said.
   */
  byId?: boolean;
};

/** Sends a query or a mutation by POST. Returns its data; throws a ProblemError where the result has errors. */
export async function request<Data, Variables>(
  { url, headers, byId = false }: Endpoint,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  signal?: AbortSignal,
): Promise<Data> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      ...(await headers()),
      'content-type': 'application/json',
      accept: 'application/graphql-response+json, application/json;q=0.9',
    },
    body: JSON.stringify(operationBody(document, variables, byId)),
    ...(signal && { signal }),
  });
  const result = (await response.json().catch(() => ({}))) as { data?: Data | null; errors?: object[] };
  if (result.errors) throw new ProblemError(problemsOf(result));
  // A proxy answered in the place of the service.
  if (!result.data)
    throw new ProblemError([networkProblem(`The answer is no result: ${response.status}.`, response.status)]);
  return result.data;
}
