-- CreateTable
CREATE TABLE "data_job" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "direction" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'QUEUED',
    "mapping" JSONB,
    "on_conflict" TEXT NOT NULL DEFAULT 'SKIP',
    "is_dry_run" BOOLEAN NOT NULL DEFAULT false,
    "file_id" UUID,
    "rejected_file_id" UUID,
    "total_rows" INTEGER,
    "done_rows" INTEGER NOT NULL DEFAULT 0,
    "created_rows" INTEGER NOT NULL DEFAULT 0,
    "updated_rows" INTEGER NOT NULL DEFAULT 0,
    "unchanged_rows" INTEGER NOT NULL DEFAULT 0,
    "rejected_rows" INTEGER NOT NULL DEFAULT 0,
    "error_code" TEXT,
    "error_detail" TEXT,
    "begun_by" TEXT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "worker_id" UUID,
    "lease_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "run_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "data_job_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "data_rejection" (
    "tenant_id" UUID NOT NULL,
    "job_id" UUID NOT NULL,
    "line" INTEGER NOT NULL,
    "field" TEXT,
    "reason" TEXT NOT NULL,

    CONSTRAINT "data_rejection_pkey" PRIMARY KEY ("tenant_id","job_id","line")
);

-- AddForeignKey
ALTER TABLE "data_job" ADD CONSTRAINT "data_job_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "data_rejection" ADD CONSTRAINT "data_rejection_tenant_id_job_id_fkey" FOREIGN KEY ("tenant_id", "job_id") REFERENCES "data_job"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What workers look for.
CREATE INDEX "data_job_open_idx" ON "data_job" ("state", "run_at") WHERE "state" IN ('QUEUED', 'RUNNING');

SELECT "keep_history"('data_job', 'DataJob', 'id', 'id',
  '{id,file_id,rejected_file_id,total_rows,done_rows,created_rows,updated_rows,unchanged_rows,rejected_rows,attempts,worker_id,lease_until,run_at,started_at,finished_at,begun_by,error_detail}', '{}',
  '{state}', json_column => 'mapping');
