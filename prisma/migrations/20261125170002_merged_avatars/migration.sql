CREATE INDEX CONCURRENTLY "merged_id_tenant_id_avatar_file_id_idx" ON "merged_id"("tenant_id", "avatar_file_id");
