ALTER TABLE "webhook_delivery"
  DROP CONSTRAINT "webhook_delivery_tenant_id_integration_config_id_fkey",
  ADD CONSTRAINT "webhook_delivery_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
