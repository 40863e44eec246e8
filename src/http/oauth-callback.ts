import { system } from '../database/actor.ts';
import type { Database } from '../database/database.ts';
import { Problem } from '../errors/catalogue.ts';
import type { SignIns } from '../integrations/oauth/sign-in.ts';
import { stateUnknown } from '../integrations/oauth/sign-in.ts';
import { readState } from '../integrations/oauth/state.ts';

/**
 * Answers browsers that return from a provider's sign-in with a page. The page never repeats the URL. With `console` it
 * leads back there, because the console sends its own tab to the provider.
 */
export function createOAuthCallback(database: Database, signIns: SignIns, { console }: { console: boolean }) {
  const back = console ? '<p><a href="/integrations">Back to the integrations</a></p>\n' : '';
  return async (request: Request, provider: string): Promise<Response> => {
    const { searchParams } = new URL(request.url);
    try {
      const known = readState(searchParams.get('state') ?? '');
      if (!known) throw stateUnknown();
      const { label, workspaceName, configName, tenantName } = await signIns.complete(
        database.forTenant(known.tenantId).as(system('a sign-in at a provider')),
        provider,
        { stateHash: known.stateHash, code: searchParams.get('code'), error: searchParams.get('error') },
      );
      return page(
        200,
        `${label} is connected`,
        [
          `${label}${workspaceName ? ` (${workspaceName})` : ''} is now connected to “${configName}” of ${tenantName}.`,
          'You can close this window.',
          // A person who was sent here by somebody else has connected their workspace to that somebody's tenant.
          `If you did not begin this yourself, remove the app at ${label}, and tell your administrator.`,
        ],
        back,
      );
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const headers = error.retryAfter === undefined ? {} : { 'retry-after': String(error.retryAfter) };
      return page(error.status, 'Not connected', [error.message, 'You can close this window.'], back, headers);
    }
  };
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string) => text.replaceAll(/[&<>"']/g, (character) => escapes[character] as string);

function page(
  status: number,
  title: string,
  lines: readonly string[],
  back: string,
  headers: Record<string, string> = {},
): Response {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<h1>${escaped(title)}</h1>
${lines.map((line) => `<p>${escaped(line)}</p>`).join('\n')}
${back}</html>
`;
  return new Response(html, {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      // The URL of this page holds a code, even if it is used up.
      'referrer-policy': 'no-referrer',
      'content-security-policy': `default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      ...headers,
    },
  });
}
