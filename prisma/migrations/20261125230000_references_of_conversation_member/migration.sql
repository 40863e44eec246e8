ALTER TABLE "conversation_member"
  DROP CONSTRAINT "conversation_member_tenant_id_agent_id_fkey",
  DROP CONSTRAINT "conversation_member_tenant_id_contact_id_fkey",
  DROP CONSTRAINT "conversation_member_tenant_id_conversation_id_fkey",
  DROP CONSTRAINT "conversation_member_tenant_id_user_id_fkey",
  ADD CONSTRAINT "conversation_member_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "conversation_member_tenant_id_contact_id_fkey" FOREIGN KEY ("tenant_id", "contact_id") REFERENCES "external_user"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "conversation_member_tenant_id_conversation_id_fkey" FOREIGN KEY ("tenant_id", "conversation_id") REFERENCES "conversation"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "conversation_member_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
