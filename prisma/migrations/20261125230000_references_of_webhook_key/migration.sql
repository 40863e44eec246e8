ALTER TABLE "webhook_key"
  DROP CONSTRAINT "webhook_key_tenant_id_agent_id_fkey",
  DROP CONSTRAINT "webhook_key_tenant_id_binding_id_fkey",
  DROP CONSTRAINT "webhook_key_tenant_id_integration_config_id_fkey",
  ADD CONSTRAINT "webhook_key_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "webhook_key_tenant_id_binding_id_fkey" FOREIGN KEY ("tenant_id", "binding_id") REFERENCES "binding"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "webhook_key_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
