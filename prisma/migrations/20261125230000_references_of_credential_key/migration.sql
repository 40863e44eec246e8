ALTER TABLE "credential_key"
  DROP CONSTRAINT "credential_key_tenant_id_agent_id_fkey",
  DROP CONSTRAINT "credential_key_tenant_id_fkey",
  ADD CONSTRAINT "credential_key_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "credential_key_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
