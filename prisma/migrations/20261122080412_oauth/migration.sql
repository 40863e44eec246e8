-- CreateEnum
CREATE TYPE "DisconnectedReason" AS ENUM ('OPERATOR', 'TOKEN_REFUSED');

-- AlterTable
ALTER TABLE "integration_config" ADD COLUMN     "disconnected_reason" "DisconnectedReason",
ADD COLUMN     "workspace_name" TEXT;

-- CreateTable
CREATE TABLE "oauth_state" (
    "tenant_id" UUID NOT NULL,
    "state_hash" TEXT NOT NULL,
    "integration_config_id" UUID NOT NULL,
    "viewer_kind" TEXT NOT NULL,
    "viewer_id" TEXT NOT NULL,
    "verifier_ciphertext" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "oauth_state_pkey" PRIMARY KEY ("tenant_id","state_hash")
);

-- CreateIndex
CREATE INDEX "oauth_state_tenant_id_expires_at_idx" ON "oauth_state"("tenant_id", "expires_at");

-- AddForeignKey
ALTER TABLE "oauth_state" ADD CONSTRAINT "oauth_state_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "integration_config"
  ADD CONSTRAINT "integration_config_disconnected" CHECK ("disconnected_reason" IS NULL OR "token_ciphertext" IS NULL),
  ADD CONSTRAINT "integration_config_workspace_name_length" CHECK (char_length("workspace_name") BETWEEN 1 AND 300);
ALTER TABLE "oauth_state"
  ADD CONSTRAINT "oauth_state_hash_format" CHECK ("state_hash" ~ '^[0-9a-f]{64}$'),
  ADD CONSTRAINT "oauth_state_viewer_kind" CHECK ("viewer_kind" IN ('USER', 'ACCESS_KEY', 'AGENT_KEY'));
