ALTER TABLE "avatar_auto_sync"
  DROP CONSTRAINT "avatar_auto_sync_tenant_id_participant_id_fkey",
  ADD CONSTRAINT "avatar_auto_sync_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
