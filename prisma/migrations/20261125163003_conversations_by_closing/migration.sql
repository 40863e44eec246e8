CREATE INDEX CONCURRENTLY "conversation_closed_idx" ON "conversation" ("tenant_id", coalesce("closed_at", '9999-12-31T23:59:59.999Z'::timestamptz), "id");
