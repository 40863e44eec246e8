ALTER TABLE "file"
  DROP CONSTRAINT "file_tenant_id_fkey",
  ADD CONSTRAINT "file_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
