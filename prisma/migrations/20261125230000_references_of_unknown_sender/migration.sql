ALTER TABLE "unknown_sender"
  DROP CONSTRAINT "unknown_sender_tenant_id_fkey",
  DROP CONSTRAINT "unknown_sender_tenant_id_integration_config_id_fkey",
  ADD CONSTRAINT "unknown_sender_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "unknown_sender_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
