ALTER TABLE "external_user"
  DROP CONSTRAINT "external_user_tenant_id_fkey",
  ADD CONSTRAINT "external_user_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
