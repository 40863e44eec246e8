CREATE UNIQUE INDEX CONCURRENTLY "data_job_running_key" ON "data_job"("tenant_id") WHERE "state" = 'RUNNING';
