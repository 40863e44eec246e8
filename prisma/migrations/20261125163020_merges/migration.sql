-- CreateTable
CREATE TABLE "merge" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "into_id" UUID NOT NULL,
    "merged_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT NOT NULL,
    "record" JSONB NOT NULL,
    "undone_at" TIMESTAMPTZ(3),

    CONSTRAINT "merge_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "merged_id" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "into_id" UUID NOT NULL,
    "merge_id" UUID NOT NULL,

    CONSTRAINT "merged_id_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE INDEX "merge_tenant_id_into_id_idx" ON "merge"("tenant_id", "into_id");

-- CreateIndex
CREATE INDEX "merged_id_tenant_id_into_id_idx" ON "merged_id"("tenant_id", "into_id");

-- CreateIndex
CREATE INDEX "merged_id_tenant_id_merge_id_idx" ON "merged_id"("tenant_id", "merge_id");

-- AddForeignKey
ALTER TABLE "merge" ADD CONSTRAINT "merge_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "merged_id" ADD CONSTRAINT "merged_id_tenant_id_merge_id_fkey" FOREIGN KEY ("tenant_id", "merge_id") REFERENCES "merge"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;
