ALTER TABLE "participant_search"
  DROP CONSTRAINT "participant_search_tenant_id_id_fkey",
  ADD CONSTRAINT "participant_search_tenant_id_id_fkey" FOREIGN KEY ("tenant_id", "id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
