-- Columns without a value, or with a constant one, are added without rewriting the table.
ALTER TABLE "integration_config" ADD COLUMN "workspace_id" TEXT;
ALTER TABLE "avatar_sync_job"
  ADD COLUMN "accounted" INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN "again_config_id" UUID,
  ADD COLUMN "again_address" TEXT;

-- Telegram tells a sender's public name beside its id, and a channel may have either for its address.
CREATE INDEX "channel_public_name_idx" ON "channel" ("tenant_id", "integration_config_id", md5(lower("address"))) WHERE "address" LIKE '@%';
