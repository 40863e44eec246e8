CREATE INDEX CONCURRENTLY "unknown_sender_approved_idx" ON "unknown_sender" ("tenant_id", "approved_participant_id") WHERE "approved_participant_id" IS NOT NULL;
