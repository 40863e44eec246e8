import type { TenantDatabase } from '../../database/database.ts';
import type { UnknownSender, UnknownSenderStatus } from '../../database/generated/client.ts';
import { asUuid } from '../../database/ids.ts';
import { keyset, pagesOf } from '../../database/keyset.ts';
import { boundedRows, maxRows, oneByUuid } from '../../database/loaders.ts';
import type { PageArguments } from '../../database/pages.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { anyKey, none, parameter, sql, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { array, enumeration, nullable, text, uuid } from '../../database/sql/types.ts';
import { oncePerShape } from '../../database/statement.ts';
import { comparedBy } from '../../providers/address.ts';

/** The filter of a page of unknown senders. All given conditions must hold. */
export type UnknownSenderFilter = {
  agentId?: string | null | undefined;
  integrationConfigId?: string | null | undefined;
  /** Null for those who wait for a decision. */
  status?: readonly UnknownSenderStatus[] | null | undefined;
};

const everything = { own: null };
const row = columns('UnknownSender', 'u');

/** Unknown senders by their ids. */
export const unknownSenderById = oneByUuid(
  statement(row)`select ${row} from unknown_sender u where u.tenant_id = ${tenant} and u.id = ${anyKey(uuid)}`,
  'id',
);

const match = columns('Participant', 'p');
const key = comparedBy('c');
const ofConfig = sql`join integration_config i on i.tenant_id = u.tenant_id and i.id = u.integration_config_id`;
const matches = sql`
    select c.participant_id from channel c
    where c.tenant_id = u.tenant_id and c.identity_key = u.identity_key and c.integration_config_id <> u.integration_config_id
    union all
    select c.participant_id from channel c where c.tenant_id = u.tenant_id and c.provider = i.provider
      and md5(${key}) = md5(${comparedBy('u')}) and ${key} = ${comparedBy('u')} and c.integration_config_id <> u.integration_config_id`;
/**
 * The participants that other channels of unknown senders lead to: of the same telephone number or e-mail address, or
 * of the same address at the same provider, in another integration config. Of several the one that was created first.
 */
export const matchedParticipant = statement(rows({ senderId: uuid }, match))`
  select distinct on (u.id) u.id as "senderId", ${match} from unknown_sender u ${ofConfig}
  cross join lateral (${matches}) c join participant p on p.tenant_id = u.tenant_id and p.id = c.participant_id
  where u.tenant_id = ${tenant} and u.id = ${anyKey(uuid)} order by u.id, p.id`;

/** The same by the senders' ids, or null. */
export const matchBySender = oneByUuid(matchedParticipant, 'senderId');

const status = enumeration<UnknownSenderStatus>('UnknownSenderStatus');

const pages = pagesOf({
  keyset: keyset(
    [
      { column: 'u.last_message_at', type: 'timestamp' },
      { column: 'u.id', type: 'uuid' },
    ],
    true,
  ),
  keysOf: ({ lastMessageAt, id }: UnknownSender) => [lastMessageAt.toISOString(), id],
  select: () => row,
  whole: (parts: object) => parts,
  from: (has: { agentId: boolean; integrationConfigId: boolean; isOneStatus: boolean }, within) =>
    // By one status an index has the rows in order.
    sql`unknown_sender u where u.tenant_id = ${tenant} and ${
      has.isOneStatus
        ? sql`u.status = ${parameter('status', status)}`
        : sql`u.status = any(${parameter('statuses', array(status))})`
    }${has.agentId ? sql` and u.agent_id = ${parameter('agentId', nullable(text))}` : none}${
      has.integrationConfigId
        ? sql` and u.integration_config_id = ${parameter('integrationConfigId', nullable(uuid))}`
        : none
    }${within}`,
  read: (rows: UnknownSender[]) => rows,
});

/**
 * Returns a page of the tenant's unknown senders with these statuses, PENDING by default, the newest message first.
 * Throws VALIDATION_FAILED for invalid page arguments.
 */
export function pageOfUnknownSenders(db: TenantDatabase, filter: UnknownSenderFilter, args: PageArguments) {
  const { agentId = null, integrationConfigId = null } = filter;
  const statuses = filter.status ?? (['PENDING'] as const);
  const [first = 'PENDING'] = statuses;
  const isOneStatus = statuses.length === 1;
  const has = { agentId: agentId !== null, integrationConfigId: integrationConfigId !== null, isOneStatus };
  // A text that is not a UUID matches no config.
  const config = integrationConfigId === null ? null : asUuid(integrationConfigId);
  return pages(db, has, { agentId, integrationConfigId: config, status: first, statuses }, args, everything);
}

/** An unknown sender with its provider, and the participant that another channel of its leads to, or null. */
export type MatchedSender = UnknownSender & { provider: string; matchedParticipantId: string | null };

const withMatch = rows({ provider: text, matchedParticipantId: nullable(uuid) }, row);
const senders = sql`${row}, i.provider, m.participant_id as "matchedParticipantId" from unknown_sender u ${ofConfig}
  left join lateral (select c.participant_id from (${matches}) c order by c.participant_id limit 1) m on true`;

/** Unknown senders with their matches, by their ids. */
export const matchedSenderById = oneByUuid(
  statement(withMatch)`select ${senders} where u.tenant_id = ${tenant} and u.id = ${anyKey(uuid)}`,
  'id',
);

/** The filter of the whole list. All given conditions must hold. */
export type MatchedSenderFilter = {
  agentId?: string | undefined;
  status?: readonly UnknownSenderStatus[] | undefined;
  /** The participant that another channel leads to, or that the sender was approved as. */
  participantId?: string | undefined;
};

const listOf = oncePerShape(
  (has: object, max: number) => `${JSON.stringify(has)} ${max}`,
  (_: object, has: Record<keyof MatchedSenderFilter, boolean>, max: number) => statement(withMatch)`
    select ${senders} where u.tenant_id = ${tenant}${
      has.agentId ? sql` and u.agent_id = ${parameter('agentId', nullable(text))}` : none
    }${has.status ? sql` and u.status = any(${parameter('status', nullable(array(status)))})` : none}${
      has.participantId
        ? sql` and ${parameter('participantId', nullable(uuid))} in (m.participant_id, u.approved_participant_id)`
        : none
    } order by u.last_message_at desc, u.id desc limit ${max + 1}`,
);

// As many are read at once. A longer list waits for its turn.
const maxAtOnce = 500;

/**
 * Returns every unknown sender of the tenant, of each status unless said, the newest message first. Throws
 * RESULT_TOO_LARGE over 10,000.
 */
export async function listUnknownSenders(db: TenantDatabase, filter: MatchedSenderFilter): Promise<MatchedSender[]> {
  const has = {
    agentId: filter.agentId !== undefined,
    status: filter.status !== undefined,
    participantId: filter.participantId !== undefined,
  };
  const values = {
    agentId: filter.agentId ?? null,
    status: filter.status ?? null,
    participantId: filter.participantId ?? null,
  };
  // To find a participant's, the match of each sender is read.
  const read = (max: number) => (has.participantId ? db.slowQuery : db.query)(listOf(everything, has, max), values);
  const some = await read(maxAtOnce);
  if (some.length <= maxAtOnce) return some;
  return boundedRows(await db.longRead(() => read(maxRows)), 'unknown senders: use unknownSendersConnection');
}
