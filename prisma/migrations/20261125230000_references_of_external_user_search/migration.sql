ALTER TABLE "external_user_search"
  DROP CONSTRAINT "external_user_search_tenant_id_id_fkey",
  ADD CONSTRAINT "external_user_search_tenant_id_id_fkey" FOREIGN KEY ("tenant_id", "id") REFERENCES "external_user"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
