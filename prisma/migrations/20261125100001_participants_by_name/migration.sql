CREATE INDEX CONCURRENTLY "participant_name_idx" ON "participant" ("tenant_id", coalesce("name_key", "name_key"("display_name")) COLLATE "C", "display_name" COLLATE "C", "id");
