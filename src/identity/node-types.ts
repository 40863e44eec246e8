import { oneByUuid } from '../database/loaders.ts';
import { rows } from '../database/sql/columns.ts';
import { eachKey, join, literal, name, sql, tenant } from '../database/sql/fragment.ts';
import { statement } from '../database/sql/statement.ts';
import { textOf, uuid } from '../database/sql/types.ts';

/** The types that have a UUID of their own, and the table of each. */
const tables = {
  AvatarSyncBatch: 'avatar_sync_batch',
  AvatarSyncFailure: 'avatar_sync_job',
  Binding: 'binding',
  Channel: 'channel',
  Conversation: 'conversation',
  ConversationParticipant: 'conversation_member',
  CredentialKey: 'credential_key',
  DataFile: 'data_file',
  DuplicateCandidate: 'duplicate_candidate',
  Erasure: 'erasure',
  ExternalUser: 'external_user',
  ExternalUserIdentifier: 'external_user_identifier',
  HistoryEntry: 'history_entry',
  IntegrationConfig: 'integration_config',
  Merge: 'merge',
  Participant: 'participant',
  UnknownSender: 'unknown_sender',
} as const;

/** The name of a type that has a UUID of its own. */
export type NodeName = keyof typeof tables | 'DataExport' | 'DataImport' | 'Tenant';

const byType = [
  ...Object.entries(tables).map(
    ([type, table]) =>
      sql`select ${literal(type)} as type from ${name(table)} x where x.tenant_id = ${tenant} and x.id = k.id`,
  ),
  sql`select case x.direction when 'IMPORT' then 'DataImport' else 'DataExport' end as type
    from data_job x where x.tenant_id = ${tenant} and x.id = k.id`,
  sql`select 'Tenant' as type where k.id = ${tenant}`,
  sql`select case x.kind when 'PARTICIPANT' then 'Participant' else 'ExternalUser' end as type
    from merged_id x where x.tenant_id = ${tenant} and x.kind in ('PARTICIPANT', 'EXTERNAL_USER') and x.id = k.id`,
];

/**
 * The types of the tenant's things by their ids, or null: UUIDs do not say what they are of. Ids that were merged away
 * have the type of their survivor. One statement for all ids of a level.
 */
export const nodeTypeById = oneByUuid(
  statement(rows({ id: uuid, type: textOf<NodeName>() }))`
    select k.id, f.type from ${eachKey(uuid)} k(id) cross join lateral (${join(byType, ' union all ')}) f`,
  'id',
);
