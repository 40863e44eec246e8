ALTER TABLE "data_job"
  DROP CONSTRAINT "data_job_tenant_id_fkey",
  ADD CONSTRAINT "data_job_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
