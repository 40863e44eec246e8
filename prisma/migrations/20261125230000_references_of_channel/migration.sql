ALTER TABLE "channel"
  DROP CONSTRAINT "channel_tenant_id_integration_config_id_provider_fkey",
  DROP CONSTRAINT "channel_tenant_id_participant_id_fkey",
  ADD CONSTRAINT "channel_tenant_id_integration_config_id_provider_fkey" FOREIGN KEY ("tenant_id", "integration_config_id", "provider") REFERENCES "integration_config"("tenant_id", "id", "provider") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "channel_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
