-- Columns without a value, or with a constant one, are added without rewriting the table.
ALTER TABLE "integration_config" ADD COLUMN "workspace_id" TEXT;
ALTER TABLE "avatar_sync_job"
  ADD COLUMN "accounted" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "again_config_id" UUID,
  ADD COLUMN "again_address" TEXT;
