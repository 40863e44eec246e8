ALTER TABLE "avatar_sync_job"
  DROP CONSTRAINT "avatar_sync_job_tenant_id_integration_config_id_fkey",
  DROP CONSTRAINT "avatar_sync_job_tenant_id_participant_id_fkey",
  ADD CONSTRAINT "avatar_sync_job_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "avatar_sync_job_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
