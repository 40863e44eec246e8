CREATE INDEX CONCURRENTLY "credential_key_prefix_idx" ON "credential_key"("prefix");
