import { byTenant } from '../database/by-tenant.ts';
import type { Database } from '../database/database.ts';
import type { CredentialKey } from '../database/generated/client.ts';
import { nothing } from '../database/sql/columns.ts';
import { parameter, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { array, uuid } from '../database/sql/types.ts';

// A row that somebody else changes is left to the next use.
const write = statement(nothing)`
  with used as (
    select k.id from credential_key k where k.tenant_id = ${tenant} and k.id = any(${parameter('ids', array(uuid))})
      and (k.last_used_at is null or k.last_used_at < date_trunc('hour', now(), 'UTC'))
    order by k.id for no key update skip locked
  )
  update credential_key k set last_used_at = date_trunc('hour', now(), 'UTC') from used u where k.tenant_id = ${tenant} and k.id = u.id`;

const hour = 3_600_000;

/** Keeps the hour in which each key was last used. */
export interface LastUse {
  /** Notes that a key, as it was just read, has signed somebody in. Costs nothing when that is stored for this hour. */
  note(key: Pick<CredentialKey, 'tenantId' | 'id' | 'lastUsedAt'>): void;
  /** Writes what was noted. Never throws: what cannot be written is noted again by a later use. */
  flush(): Promise<void>;
}

/**
 * Creates it. What is noted is written `delayMs` after the first, one statement a tenant. A key is read anew at least
 * twice a minute while it is used, so whether its hour is stored is known without memory of it, whichever replica
 * stored it.
 */
export function createLastUse(
  database: Pick<Database, 'query' | 'now'>,
  failed: (error: unknown) => void,
  delayMs = 1_000,
): LastUse {
  let noted = new Map<string, { tenantId: string; id: string }>();
  let timer: NodeJS.Timeout | undefined;
  let written: Promise<void> = Promise.resolve();

  async function writeAll(keys: readonly { tenantId: string; id: string }[]): Promise<void> {
    for (const [tenantId, theirs] of byTenant(keys))
      await database.query(write, { tenantId, ids: theirs.map(({ id }) => id) });
  }

  async function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    if (noted.size > 0) {
      const keys = [...noted.values()];
      noted = new Map();
      const [before, now] = [written, writeAll(keys).catch(failed)];
      // Its own promise keeps nothing of those before it.
      written = (async () => {
        await before;
        await now;
      })();
    }
    await written;
  }

  return {
    flush,
    note({ tenantId, id, lastUsedAt }) {
      const thisHour = Math.floor(database.now().getTime() / hour) * hour;
      if (lastUsedAt !== null && lastUsedAt.getTime() >= thisHour) return;
      noted.set(id, { tenantId, id });
      timer ??= setTimeout(() => void flush(), delayMs).unref();
    },
  };
}
