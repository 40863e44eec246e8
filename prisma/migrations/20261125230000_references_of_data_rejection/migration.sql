ALTER TABLE "data_rejection"
  DROP CONSTRAINT "data_rejection_tenant_id_job_id_fkey",
  ADD CONSTRAINT "data_rejection_tenant_id_job_id_fkey" FOREIGN KEY ("tenant_id", "job_id") REFERENCES "data_job"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
