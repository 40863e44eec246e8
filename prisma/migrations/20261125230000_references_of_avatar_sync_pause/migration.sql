ALTER TABLE "avatar_sync_pause"
  DROP CONSTRAINT "avatar_sync_pause_tenant_id_integration_config_id_fkey",
  ADD CONSTRAINT "avatar_sync_pause_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
