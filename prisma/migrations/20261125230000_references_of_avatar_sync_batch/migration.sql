ALTER TABLE "avatar_sync_batch"
  DROP CONSTRAINT "avatar_sync_batch_tenant_id_agent_id_fkey",
  ADD CONSTRAINT "avatar_sync_batch_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
