CREATE INDEX CONCURRENTLY "participant_search_second_idx" ON "participant_search" ("tenant_id", left(split_part("texts", E'\n', 3), 40) COLLATE "C", "name_key" COLLATE "C", "name" COLLATE "C", "id");
