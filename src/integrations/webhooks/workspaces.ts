import { LRUCache } from 'lru-cache';
import type { Database } from '../../database/database.ts';
import { nothing } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { text, uuid } from '../../database/sql/types.ts';
import { readToken } from '../oauth/stored-token.ts';
import type { TokenCipher } from '../token-cipher.ts';
import type { OpenWebhook } from './authenticator.ts';
import type { WebhookProvider } from './provider.ts';

// Of another token, which came in between, this says nothing.
const remember = statement(nothing)`
  update integration_config i set workspace_id = ${parameter('workspaceId', text)}
  where i.tenant_id = ${tenant} and i.id = ${parameter('id', uuid)} and i.token_ciphertext = ${parameter('sealed', text)}
    and i.workspace_id is null`;

/** How long an answer is remembered, and that there was none, in milliseconds. */
const rememberedMs = 10 * 60_000;

/**
 * Finds the workspace that a webhook's integration config is connected to. Null when it is not known. A failure of the
 * provider is not an error.
 */
export type WorkspaceOf = (webhook: OpenWebhook, provider: WebhookProvider) => Promise<string | null>;

/**
 * Finds out the workspace of configs that were connected with a bare token, which names none. The provider is asked
 * with it once, at the first delivery, and the answer is stored.
 */
export function createWorkspaces(database: Pick<Database, 'forTenant'>, cipher: TokenCipher): WorkspaceOf {
  // By the sealed token: another token may be another workspace's.
  const answers = new LRUCache<string, { workspaceId: Promise<string | null> }>({ max: 5_000, ttl: rememberedMs });

  async function find(
    { tenantId, integrationConfigId: id }: OpenWebhook,
    sealed: string,
    ask: (token: string) => Promise<string | null>,
  ): Promise<string | null> {
    const token = cipher.open(sealed, id);
    // What a token is good for shows when it is used: a refusal here says no more than that there is no answer.
    const workspaceId = token === null ? null : await ask(readToken(token).access).catch(() => null);
    if (workspaceId !== null) await database.forTenant(tenantId).query(remember, { id, sealed, workspaceId });
    return workspaceId;
  }

  return async (webhook, { workspaceOf }) => {
    const { workspaceId, sealedToken } = webhook;
    if (workspaceId !== null || sealedToken === null || !workspaceOf) return workspaceId;
    const known = answers.get(sealedToken);
    if (known) return known.workspaceId;
    const asked = find(webhook, sealedToken, workspaceOf);
    answers.set(sealedToken, { workspaceId: asked });
    asked.catch(() => answers.delete(sealedToken));
    return asked;
  };
}
