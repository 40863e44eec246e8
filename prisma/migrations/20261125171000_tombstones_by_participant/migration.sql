CREATE INDEX CONCURRENTLY "conversation_member_tombstone_idx" ON "conversation_member" ("tenant_id", "participant_id") WHERE "deleted_at" IS NOT NULL;
