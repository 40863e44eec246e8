import { Problem } from '../errors/catalogue.ts';
import type { Authenticator } from './authenticate.ts';

/** UNAUTHENTICATED, of a credential that shows which tenant it is for though it does not verify. */
export class SignInRefused extends Problem {
  readonly tenantId: string | null;

  constructor(detail: string, tenantId: string | null, cause?: unknown) {
    super('UNAUTHENTICATED', detail, { cause });
    this.tenantId = tenantId;
  }
}

/** A sign-in that was refused: by what kind of credential, and of which tenant, as far as that is certain. */
export type FailedSignIn = { credential: 'token' | 'key' | 'none'; tenantId: string | null; detail: string };

/** The same authenticator, which tells of every sign-in that it refuses. */
export function tellingFailures(authenticator: Authenticator, tell: (failed: FailedSignIn) => void): Authenticator {
  return {
    ...authenticator,
    authenticate: (headers) =>
      authenticator.authenticate(headers).catch((error: unknown) => {
        if (error instanceof Problem && error.code === 'UNAUTHENTICATED') {
          const authorization = headers.get('authorization');
          const isKey = headers.get('agent-secret-key') || /^accesskey /i.test(authorization ?? '');
          const tenantId = error instanceof SignInRefused ? error.tenantId : null;
          tell({ credential: isKey ? 'key' : authorization ? 'token' : 'none', tenantId, detail: error.message });
        }
        throw error;
      }),
  };
}
