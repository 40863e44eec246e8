-- Uniqueness is the tenant's: a distributed PostgreSQL cannot hold it across tenants. Who looks a row up by these
-- compares what it finds.
DROP INDEX "credential_key_prefix_key";
DROP INDEX "data_file_id_key";
DROP INDEX "file_id_key";
DROP INDEX "webhook_key_prefix_key";
