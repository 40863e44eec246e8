ALTER TABLE "duplicate_progress"
  DROP CONSTRAINT "duplicate_progress_tenant_id_fkey",
  ADD CONSTRAINT "duplicate_progress_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
