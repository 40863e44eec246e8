ALTER TABLE "binding"
  DROP CONSTRAINT "binding_tenant_id_agent_id_fkey",
  DROP CONSTRAINT "binding_tenant_id_participant_id_fkey",
  ADD CONSTRAINT "binding_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "binding_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
