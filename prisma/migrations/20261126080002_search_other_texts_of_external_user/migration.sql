CREATE INDEX CONCURRENTLY "external_user_search_others_idx" ON "external_user_search" USING gin ("tenant_id", search_other_texts("name_key", "texts")) WITH (gin_pending_list_limit = 512);
