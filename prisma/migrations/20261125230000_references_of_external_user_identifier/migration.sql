ALTER TABLE "external_user_identifier"
  DROP CONSTRAINT "external_user_identifier_tenant_id_external_user_id_fkey",
  ADD CONSTRAINT "external_user_identifier_tenant_id_external_user_id_fkey" FOREIGN KEY ("tenant_id", "external_user_id") REFERENCES "external_user"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
