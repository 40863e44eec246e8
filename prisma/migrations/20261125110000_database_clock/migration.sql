-- AlterTable
ALTER TABLE "agent" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "modified_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "avatar_sync_batch" ALTER COLUMN "started_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "avatar_sync_job" ALTER COLUMN "queued_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "run_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "binding" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "modified_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "conversation" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "modified_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "conversation_member" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "modified_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "credential_key" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "external_user" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "modified_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "file" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "touched_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "integration_config" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "modified_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "oauth_state" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "participant" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp(),
ALTER COLUMN "modified_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "tenant" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "webhook_delivery" ALTER COLUMN "received_at" SET DEFAULT transaction_timestamp();

-- AlterTable
ALTER TABLE "webhook_key" ALTER COLUMN "created_at" SET DEFAULT transaction_timestamp();
