CREATE INDEX CONCURRENTLY "conversation_tenant_id_created_at_id_idx" ON "conversation"("tenant_id", "created_at", "id");
