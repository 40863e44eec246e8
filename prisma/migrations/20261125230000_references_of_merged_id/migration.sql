ALTER TABLE "merged_id"
  DROP CONSTRAINT "merged_id_tenant_id_merge_id_fkey",
  ADD CONSTRAINT "merged_id_tenant_id_merge_id_fkey" FOREIGN KEY ("tenant_id", "merge_id") REFERENCES "merge"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
