import { CombinedError } from '@urql/core';

/** What went wrong, in the service's own words. */
export type Problem = {
  /** Of the service's catalogue; NETWORK where it could not be asked. */
  code: string;
  detail: string;
  /** The id under which the service's log has it. */
  requestId: string | null;
  retryAfter: number | null;
  /** Each value that breaks a rule: where it is, and what the rule says. */
  faults: { path: string; message: string }[];
};

type Extensions = {
  code?: string;
  detail?: string;
  instance?: string;
  retryAfter?: number;
  errors?: { path: (string | number)[]; message: string }[];
};

/** Reads an error of the client. */
export function problemOf(error: unknown): Problem {
  const known = error instanceof CombinedError ? error.graphQLErrors[0] : undefined;
  if (!known) {
    const detail = navigator.onLine ? 'The service does not answer.' : 'You are offline.';
    return { code: 'NETWORK', detail, requestId: null, retryAfter: null, faults: [] };
  }
  const { code, detail, instance, retryAfter, errors } = known.extensions as Extensions;
  return {
    code: code ?? 'INTERNAL',
    detail: detail ?? known.message,
    requestId: instance?.replace('urn:uuid:', '') ?? null,
    retryAfter: retryAfter ?? null,
    faults: (errors ?? []).map(({ path, message }) => ({
      path: path.filter((part) => part !== 'input').join('.'),
      message,
    })),
  };
}
