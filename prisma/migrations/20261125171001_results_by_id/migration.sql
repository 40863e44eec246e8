CREATE INDEX CONCURRENTLY "idempotency_key_result_ids_idx" ON "idempotency_key" USING gin ("tenant_id", "result_ids");
