CREATE INDEX CONCURRENTLY "merge_from_idx" ON "merge" USING gin ("tenant_id", jsonb_path_query_array("record", '$.from[*].row.id'));
