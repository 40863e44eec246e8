CREATE UNIQUE INDEX CONCURRENTLY "merged_id_by_kind" ON "merged_id"("tenant_id", "kind", "id");
