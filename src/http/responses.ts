import { type Problem, problemDetails } from '../errors/catalogue.ts';

/** An HTTP answer for a problem outside GraphQL (RFC 9457). */
export function problemResponse(problem: Problem, instance: string): Response {
  const headers = new Headers({
    'content-type': 'application/problem+json; charset=utf-8',
    'cache-control': 'no-store',
    'x-request-id': instance,
  });
  if (problem.retryAfter !== undefined) headers.set('retry-after', String(problem.retryAfter));
  return new Response(JSON.stringify(problemDetails(problem, instance)), { status: problem.status, headers });
}

/** An answer of plain text. */
export const textResponse = (status: number, text: string, type = 'text/plain; charset=utf-8'): Response =>
  new Response(text, { status, headers: { 'content-type': type, 'cache-control': 'no-store' } });
