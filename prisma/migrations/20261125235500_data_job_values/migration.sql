-- The columns are texts, so that another value needs no rewritten table. What may stand in them is checked.
ALTER TABLE "data_job"
  ADD CONSTRAINT "data_job_direction" CHECK ("direction" IN ('IMPORT', 'EXPORT')) NOT VALID,
  ADD CONSTRAINT "data_job_kind" CHECK ("kind" IN ('EXTERNAL_USERS', 'PARTICIPANTS', 'CONVERSATIONS')) NOT VALID,
  ADD CONSTRAINT "data_job_format" CHECK ("format" IN ('CSV', 'NDJSON')) NOT VALID,
  ADD CONSTRAINT "data_job_state" CHECK ("state" IN ('QUEUED', 'RUNNING', 'DONE', 'FAILED', 'CANCELLED')) NOT VALID,
  ADD CONSTRAINT "data_job_on_conflict" CHECK ("on_conflict" IN ('SKIP', 'UPDATE', 'FAIL')) NOT VALID;
ALTER TABLE "data_job" VALIDATE CONSTRAINT "data_job_direction";
ALTER TABLE "data_job" VALIDATE CONSTRAINT "data_job_kind";
ALTER TABLE "data_job" VALIDATE CONSTRAINT "data_job_format";
ALTER TABLE "data_job" VALIDATE CONSTRAINT "data_job_state";
ALTER TABLE "data_job" VALIDATE CONSTRAINT "data_job_on_conflict";
