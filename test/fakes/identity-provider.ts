import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export type IdentityProvider = { issuer: string; close(): void };

type Provider = new (issuer: string, configuration: object) => { callback(): Parameters<typeof createServer>[1] };

/** A port that nothing listens on at present. */
export async function freePort(): Promise<number> {
  const server = await listening(createServer());
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const listening = (server: Server, port = 0) =>
  new Promise<Server>((resolve) => server.listen(port, 'localhost', () => resolve(server)));

/**
 * Runs a certified OpenID provider on this machine, with a public client of this redirect URI. Everybody who gives a
 * name may sign in, into the tenant, with every scope that is asked for.
 */
export async function startIdentityProvider(redirectUri: string, tenant: string): Promise<IdentityProvider> {
  // The package has no types, and prints advice for production.
  const { default: Provider } = (await import(String('oidc-provider'))) as { default: Provider };
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'console',
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [`${new URL(redirectUri).origin}/`],
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
      },
    ],
    clientBasedCORS: () => true,
    pkce: { required: () => true },
    extraTokenClaims: () => ({ tenant }),
    features: {
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_: unknown, audience: string) => ({
          scope: 'participants:read participants:write conversations:read users:read admin',
          audience,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 240,
        }),
      },
    },
    ttl: { AccessToken: 240, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
  });
  const server = await listening(createServer(provider.callback()), port);
  return { issuer, close: () => void server.close() };
}
