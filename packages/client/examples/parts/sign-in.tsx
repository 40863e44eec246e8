import type { Endpoint } from '@rollcall/client';
import { type ReactNode, useState } from 'react';

/**
 * Asks for the service, a token and an agent, and then shows what is given. A page of yours gets its token from your
 * identity provider. Keep it in memory: what the browser stores, every script of the origin reads.
 */
export function SignIn({ children }: { children: (endpoint: Endpoint, agentId: string) => ReactNode }): ReactNode {
  const [entered, enter] = useState<{ endpoint: Endpoint; agentId: string } | null>(null);
  if (entered) return children(entered.endpoint, entered.agentId);
  return (
    <form
      action={(form) => {
        const text = (name: string) => String(form.get(name));
        const headers = { authorization: `Bearer ${text('token')}` };
        enter({ endpoint: { url: text('url'), headers: () => headers }, agentId: text('agentId') });
      }}
    >
      <label>
        Service <input name="url" required defaultValue="http://localhost:4000/graphql" />
      </label>
      <label>
        Token <input name="token" required placeholder="npm run -s token" autoComplete="off" />
      </label>
      <label>
        Agent <input name="agentId" required defaultValue="support-bot" />
      </label>
      <button type="submit">Show its contacts</button>
    </form>
  );
}

/** The browser’s fetch with the endpoint’s headers, as both clients take it. */
export const signedFetch =
  (endpoint: Endpoint): typeof fetch =>
  async (input, init) => {
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(await endpoint.headers())) headers.set(name, value);
    return fetch(input, { ...init, headers });
  };
