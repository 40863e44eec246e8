ALTER TABLE "erasure"
  DROP CONSTRAINT "erasure_tenant_id_fkey",
  ADD CONSTRAINT "erasure_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
