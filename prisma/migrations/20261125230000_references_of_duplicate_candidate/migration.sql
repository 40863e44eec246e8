ALTER TABLE "duplicate_candidate"
  DROP CONSTRAINT "duplicate_candidate_tenant_id_fkey",
  ADD CONSTRAINT "duplicate_candidate_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
