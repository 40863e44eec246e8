CREATE INDEX CONCURRENTLY "participant_search_others_idx" ON "participant_search" USING gin ("tenant_id", search_other_texts("name_key", "texts")) WITH (gin_pending_list_limit = 512);
