-- Distributes the tables by tenant: run it once, on the coordinator, in the database that DATABASE_URL names, after the
-- service has migrated it and while it is stopped. It needs Citus 12 or later (CREATE EXTENSION citus), was never run on
-- one, and is tested for its syntax, its order and its tables alone: see docs/scaling.md before.
--
-- Tables come after those that they refer to. All are in one colocation group, so the rows of a tenant are on one node.
-- Two stay as they are, on the coordinator: _prisma_migrations, which the start reads before anything else, and
-- backfill, which has a row for each pass over all rows and is locked by the process that does it.

-- Triggers keep history, search texts, identifiers and timestamps. They read and write rows of their own tenant alone,
-- which are on the same node. Citus runs triggers only where this is on, on each connection.
ALTER DATABASE :"DBNAME" SET citus.enable_unsafe_triggers TO on;
SET citus.enable_unsafe_triggers TO on;

SELECT create_distributed_table('tenant', 'id');

SELECT create_distributed_table('duplicate_key', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('history_entry', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('agent', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('data_file', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('data_job', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('duplicate_candidate', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('duplicate_progress', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('erasure', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('external_user', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('file', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('idempotency_key', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('integration_config', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('merge', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('avatar_sync_batch', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('avatar_sync_pause', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('blocked_digest', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('conversation', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('credential_key', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('data_rejection', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('duplicate_member', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('external_user_identifier', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('external_user_search', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('merged_id', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('oauth_state', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('participant', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('unknown_sender', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('webhook_delivery', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('avatar_auto_sync', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('avatar_sync_batch_item', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('avatar_sync_job', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('binding', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('channel', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('conversation_member', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('conversation_search', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('participant_search', 'tenant_id', colocate_with => 'tenant');
SELECT create_distributed_table('webhook_key', 'tenant_id', colocate_with => 'tenant');
