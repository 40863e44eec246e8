/** How the operator is signed in. It is kept in the tab only, and never in an address. */

/** What the service told the page: see `ConsoleSettings` of the service. */
export type OpenId = { issuer: string; clientId: string; audience: string };
export type Settings = { token: string | null; openId: OpenId | null; largestImport: number };

/** Where the identity provider sends the browser back to. */
export const returnPath = '/signed-in';

export type Credential = { kind: 'token'; token: string; idToken?: string } | { kind: 'key'; key: string };

const place = 'rollcall.credential';
const signedOut = 'signed out';

/** Reads the settings that the service wrote into the page. */
export function readSettings(): Settings {
  const text = document.getElementById('settings')?.textContent;
  return text ? (JSON.parse(text) as Settings) : { token: null, openId: null, largestImport: Number.POSITIVE_INFINITY };
}

/** Returns the credential of this tab. Null where the operator has to sign in. */
export function credentialOf(settings: Settings): Credential | null {
  const kept = sessionStorage.getItem(place);
  if (kept === signedOut) return null;
  if (kept) return JSON.parse(kept) as Credential;
  return settings.token ? { kind: 'token', token: settings.token } : null;
}

export const keepCredential = (credential: Credential): void =>
  sessionStorage.setItem(place, JSON.stringify(credential));

/** Forgets the credential. A page that signs itself in then waits to be asked. */
export const forgetCredential = (): void => sessionStorage.setItem(place, signedOut);

/** Signs the page in again by what the service writes into it. */
export function signInByPage(): void {
  sessionStorage.removeItem(place);
  location.reload();
}

export const authorizationOf = (credential: Credential): string =>
  credential.kind === 'token' ? `Bearer ${credential.token}` : `AccessKey ${credential.key}`;

/** When a token ends, in milliseconds. Null for a key, and for a token that does not say. */
export function endOf(credential: Credential): number | null {
  if (credential.kind === 'key') return null;
  try {
    const payload = credential.token.split('.')[1] ?? '';
    const { exp } = JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/'))) as { exp?: number };
    return exp ? exp * 1_000 : null;
  } catch {
    return null;
  }
}
