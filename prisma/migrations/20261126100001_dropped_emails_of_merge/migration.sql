CREATE INDEX CONCURRENTLY "merge_dropped_idx" ON "merge" USING gin (merge_dropped_keys("tenant_id", "record")) WHERE merge_dropped_keys("tenant_id", "record") IS NOT NULL;
