-- A membership is about one of three, so two of these entries were always null: they cost each new membership time, and nobody looks for them.
DROP INDEX "conversation_member_tenant_id_user_id_conversation_id_idx";
DROP INDEX "conversation_member_tenant_id_contact_id_conversation_id_idx";
DROP INDEX "conversation_member_tenant_id_agent_id_conversation_id_idx";
CREATE INDEX "conversation_member_user_idx" ON "conversation_member" ("tenant_id", "user_id", "conversation_id") WHERE "user_id" IS NOT NULL;
CREATE INDEX "conversation_member_contact_idx" ON "conversation_member" ("tenant_id", "contact_id", "conversation_id") WHERE "contact_id" IS NOT NULL;
CREATE INDEX "conversation_member_agent_idx" ON "conversation_member" ("tenant_id", "agent_id", "conversation_id") WHERE "agent_id" IS NOT NULL;
