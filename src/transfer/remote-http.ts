import { prefixOf } from '../auth/secrets.ts';
import { withExactNumbers } from '../values/json-number.ts';

/** A running system of one of the three kinds. */
export type Source = {
  from: 'participants' | 'conversations' | 'users';
  url: string;
  credential: string;
  /** The tenant, or workspace, there. Users need none. */
  tenant: string;
  /** Providers whose integration configs are asked for, besides those that the source names. */
  providers: readonly string[];
};

export type Json = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const objectsIn = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The claims of a JSON Web Token. Null for any other credential. */
export function claimsOf(credential: string): Json | null {
  const [, claims = '', signature] = credential.split('.');
  if (signature === undefined) return null;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(claims, 'base64url').toString());
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

/** The header that a credential is sent in: by its look, or else the one of its kind of system. */
function headersOf({ from, credential }: Pick<Source, 'from' | 'credential'>): Record<string, string> {
  const bearer = { authorization: `Bearer ${credential}` };
  const accessKey = { authorization: `AccessKey ${credential}` };
  const agentKey = { 'agent-secret-key': credential };
  if (claimsOf(credential)) return bearer;
  if (prefixOf(credential)) return credential.startsWith('rcs_') ? agentKey : accessKey;
  return { participants: bearer, conversations: accessKey, users: agentKey }[from];
}

const tries = 5;
const longestAnswerMs = 120_000;
const longestWaitSeconds = 60;

/** An answer that is no success, and stays so. */
export class RemoteError extends Error {
  readonly status: number;
  constructor(path: string, status: number, body: string) {
    super(`${path} answered ${status}: ${body.slice(0, 300)}`);
    this.status = status;
  }
}

const isPassing = (status: number) => status === 408 || status === 429 || status >= 502;

/** Reads JSON, and waits where the system says so, or is away. Throws RemoteError for what else it answers. */
export async function read(source: Source, path: string): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    let seconds = 2 ** (attempt - 1);
    try {
      const signal = AbortSignal.timeout(longestAnswerMs);
      const response = await fetch(`${source.url.replace(/\/+$/, '')}${path}`, { headers: headersOf(source), signal });
      const body = await response.text();
      if (response.ok) return JSON.parse(withExactNumbers(body));
      if (!isPassing(response.status) || attempt >= tries) throw new RemoteError(path, response.status, body);
      seconds = Number(response.headers.get('retry-after')) || seconds;
    } catch (error) {
      if (error instanceof RemoteError || attempt >= tries) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(longestWaitSeconds, seconds) * 1_000));
  }
}
