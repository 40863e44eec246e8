-- CreateTable
CREATE TABLE "erasure" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "digest" TEXT NOT NULL,
    "is_blocked" BOOLEAN NOT NULL,
    "external_users" INTEGER NOT NULL,
    "participants" INTEGER NOT NULL,
    "memberships" INTEGER NOT NULL,
    "history_entries" INTEGER NOT NULL,
    "files" INTEGER NOT NULL,
    "erased_by" TEXT NOT NULL,
    "erased_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),

    CONSTRAINT "erasure_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "blocked_digest" (
    "tenant_id" UUID NOT NULL,
    "digest" TEXT NOT NULL,
    "erasure_id" UUID NOT NULL,

    CONSTRAINT "blocked_digest_pkey" PRIMARY KEY ("tenant_id","digest")
);

-- CreateTable
CREATE TABLE "data_file" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "path" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "data_file_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "data_file_id_key" ON "data_file"("id");

-- CreateIndex
CREATE INDEX "data_file_expires_at_idx" ON "data_file"("expires_at");

-- AddForeignKey
ALTER TABLE "erasure" ADD CONSTRAINT "erasure_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "blocked_digest" ADD CONSTRAINT "blocked_digest_tenant_id_erasure_id_fkey" FOREIGN KEY ("tenant_id", "erasure_id") REFERENCES "erasure"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "data_file" ADD CONSTRAINT "data_file_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

SELECT "keep_history"('erasure', 'Erasure', 'id', 'id', '{id,erased_by,erased_at}', only_added => true);
SELECT "keep_history"('data_file', 'DataFile', 'id', 'id', '{id,path,content_type}', only_added => true);
