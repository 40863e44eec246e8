-- CreateEnum
CREATE TYPE "AvatarSyncKind" AS ENUM ('AUTOMATIC', 'BATCH');

-- CreateEnum
CREATE TYPE "AvatarSyncState" AS ENUM ('QUEUED', 'RUNNING', 'DONE', 'FAILED');

-- CreateEnum
CREATE TYPE "AvatarSyncResult" AS ENUM ('SYNCED', 'SKIPPED', 'FAILED');

-- AlterTable
ALTER TABLE "file" ADD COLUMN     "path" TEXT,
ADD COLUMN     "touched_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
ALTER COLUMN "content_hash" DROP NOT NULL;

-- Files that were stored before keep their place.
UPDATE "file" SET "path" = 'avatars/' || "tenant_id" || '/' || left("content_hash", 2) || '/' || "content_hash";
ALTER TABLE "file" ALTER COLUMN "path" SET NOT NULL;

-- CreateTable
CREATE TABLE "avatar_sync_job" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "participant_id" UUID NOT NULL,
    "integration_config_id" UUID NOT NULL,
    "address" TEXT NOT NULL,
    "kind" "AvatarSyncKind" NOT NULL,
    "state" "AvatarSyncState" NOT NULL DEFAULT 'QUEUED',
    "generation" INTEGER NOT NULL DEFAULT 0,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "queued_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "run_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "worker_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "error_code" TEXT,
    "error_status" INTEGER,
    "error_detail" TEXT,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "avatar_sync_job_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "avatar_sync_pause" (
    "tenant_id" UUID NOT NULL,
    "integration_config_id" UUID NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "avatar_sync_pause_pkey" PRIMARY KEY ("tenant_id","integration_config_id")
);

-- CreateTable
CREATE TABLE "avatar_auto_sync" (
    "tenant_id" UUID NOT NULL,
    "participant_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "attempted_at" TIMESTAMPTZ(3) NOT NULL,
    "error_code" TEXT,
    "error_status" INTEGER,
    "error_detail" TEXT,

    CONSTRAINT "avatar_auto_sync_pkey" PRIMARY KEY ("tenant_id","participant_id")
);

-- CreateTable
CREATE TABLE "avatar_sync_batch" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "agent_id" TEXT NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "avatar_sync_batch_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "avatar_sync_batch_item" (
    "tenant_id" UUID NOT NULL,
    "batch_id" UUID NOT NULL,
    "participant_id" UUID NOT NULL,
    "result" "AvatarSyncResult",
    "error_code" TEXT,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "avatar_sync_batch_item_pkey" PRIMARY KEY ("tenant_id","batch_id","participant_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "avatar_sync_job_tenant_id_participant_id_key" ON "avatar_sync_job"("tenant_id", "participant_id");

-- CreateIndex
CREATE INDEX "avatar_sync_batch_tenant_id_agent_id_id_idx" ON "avatar_sync_batch"("tenant_id", "agent_id", "id");

-- CreateIndex
CREATE INDEX "avatar_sync_batch_item_tenant_id_participant_id_idx" ON "avatar_sync_batch_item"("tenant_id", "participant_id");

-- CreateIndex
CREATE INDEX "file_touched_at_idx" ON "file"("touched_at");

-- AddForeignKey
ALTER TABLE "avatar_sync_job" ADD CONSTRAINT "avatar_sync_job_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "avatar_sync_job" ADD CONSTRAINT "avatar_sync_job_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "avatar_sync_pause" ADD CONSTRAINT "avatar_sync_pause_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "avatar_auto_sync" ADD CONSTRAINT "avatar_auto_sync_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "avatar_sync_batch" ADD CONSTRAINT "avatar_sync_batch_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "avatar_sync_batch_item" ADD CONSTRAINT "avatar_sync_batch_item_tenant_id_batch_id_fkey" FOREIGN KEY ("tenant_id", "batch_id") REFERENCES "avatar_sync_batch"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "avatar_sync_batch_item" ADD CONSTRAINT "avatar_sync_batch_item_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say.

-- The claim goes from config to config and takes the first of each; most jobs are over.
CREATE INDEX "avatar_sync_job_queued_idx" ON "avatar_sync_job" ("tenant_id", "integration_config_id", "run_at", "id") WHERE "state" = 'QUEUED';
CREATE INDEX "avatar_sync_job_running_idx" ON "avatar_sync_job" ("lease_until") WHERE "state" = 'RUNNING';
CREATE INDEX "avatar_sync_job_failed_idx" ON "avatar_sync_job" ("tenant_id", "finished_at", "id") WHERE "state" = 'FAILED';
CREATE INDEX "avatar_sync_job_over_idx" ON "avatar_sync_job" ("finished_at") WHERE "finished_at" IS NOT NULL;

-- One batch of an agent at a time: who asks for another meanwhile joins it.
CREATE UNIQUE INDEX "avatar_sync_batch_running_key" ON "avatar_sync_batch" ("tenant_id", "agent_id") WHERE "finished_at" IS NULL;
CREATE INDEX "avatar_sync_batch_finished_at_idx" ON "avatar_sync_batch" ("finished_at");
CREATE INDEX "avatar_sync_batch_item_pending_idx" ON "avatar_sync_batch_item" ("tenant_id", "batch_id") WHERE "result" IS NULL;

ALTER TABLE "avatar_sync_job"
  ADD CONSTRAINT "avatar_sync_job_leased" CHECK (("state" = 'RUNNING') = ("worker_id" IS NOT NULL) AND ("worker_id" IS NULL) = ("lease_until" IS NULL)),
  ADD CONSTRAINT "avatar_sync_job_over" CHECK (("state" IN ('DONE', 'FAILED')) = ("finished_at" IS NOT NULL)),
  ADD CONSTRAINT "avatar_sync_job_failed" CHECK ("state" <> 'FAILED' OR num_nulls("error_code", "error_status", "error_detail") = 0);
ALTER TABLE "avatar_sync_batch_item"
  ADD CONSTRAINT "avatar_sync_batch_item_over" CHECK (("result" IS NULL) = ("finished_at" IS NULL)),
  ADD CONSTRAINT "avatar_sync_batch_item_failed" CHECK (("error_code" IS NOT NULL) = ("result" IS NOT NULL AND "result" = 'FAILED'));
