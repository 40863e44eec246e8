CREATE INDEX CONCURRENTLY "unknown_sender_tenant_id_status_last_message_at_id_idx" ON "unknown_sender"("tenant_id", "status", "last_message_at", "id");
