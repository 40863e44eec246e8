ALTER TABLE "avatar_sync_batch_item"
  DROP CONSTRAINT "avatar_sync_batch_item_tenant_id_batch_id_fkey",
  DROP CONSTRAINT "avatar_sync_batch_item_tenant_id_participant_id_fkey",
  ADD CONSTRAINT "avatar_sync_batch_item_tenant_id_batch_id_fkey" FOREIGN KEY ("tenant_id", "batch_id") REFERENCES "avatar_sync_batch"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID,
  ADD CONSTRAINT "avatar_sync_batch_item_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
