CREATE UNIQUE INDEX CONCURRENTLY "conversation_member_participant_key" ON "conversation_member"("tenant_id", "conversation_id", "type", "participant_id") WHERE "deleted_at" IS NULL;
