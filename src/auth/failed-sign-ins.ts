import { Problem } from '../errors/catalogue.ts';
import type { Authenticator } from './authenticate.ts';

/** UNAUTHENTICATED for a credential that names its tenant although it does not verify. */
export class SignInRefused extends Problem {
  readonly tenantId: string | null;

  constructor(detail: string, tenantId: string | null, cause?: unknown) {
    super('UNAUTHENTICATED', detail, { cause });
    this.tenantId = tenantId;
  }
}

/** A refused sign-in: the kind of credential, and the tenant as far as it is certain. */
export type FailedSignIn = { credential: 'token' | 'key' | 'none'; tenantId: string | null; detail: string };

/** Wraps an authenticator and reports every sign-in that it refuses. */
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
