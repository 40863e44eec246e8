CREATE INDEX CONCURRENTLY "webhook_key_prefix_idx" ON "webhook_key"("prefix");
