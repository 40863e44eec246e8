ALTER TABLE "integration_config"
  DROP CONSTRAINT "integration_config_tenant_id_fkey",
  ADD CONSTRAINT "integration_config_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
