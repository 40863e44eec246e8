ALTER TABLE "data_file"
  DROP CONSTRAINT "data_file_tenant_id_fkey",
  ADD CONSTRAINT "data_file_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
