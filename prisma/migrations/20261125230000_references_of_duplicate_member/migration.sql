ALTER TABLE "duplicate_member"
  DROP CONSTRAINT "duplicate_member_tenant_id_candidate_id_fkey",
  ADD CONSTRAINT "duplicate_member_tenant_id_candidate_id_fkey" FOREIGN KEY ("tenant_id", "candidate_id") REFERENCES "duplicate_candidate"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
