CREATE INDEX CONCURRENTLY "external_user_tenant_id_created_at_id_idx" ON "external_user" ("tenant_id", "created_at", "id");
