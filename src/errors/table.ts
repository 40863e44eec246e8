import { catalogue } from './catalogue.ts';

/** Returns the catalogue as a Markdown page for the docs. */
export function errorsPage(): string {
  const rows = Object.entries(catalogue).map(([code, { status, when }]) => `| \`${code}\` | ${status} | ${when} |`);
  return [
    '# Errors',
    '',
    'Written from `src/errors/catalogue.ts` by `npm run docs`.',
    '',
    'Errors travel in `errors[]`. `extensions` is an RFC 9457 problem: `code`, `status` (what the REST systems would have',
    'answered), `type`, `title`, `detail`, and `instance`, the id of the request, which is also its `x-request-id` header and stands',
    'in the log. `VALIDATION_FAILED`, and other codes that are about what was given, add `errors`, every violation with its path. 429 and 503 add',
    '`retryAfter`, in seconds. Paths other than `/graphql` answer the same members as `application/problem+json`.',
    '',
    '| code | status | when |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}
