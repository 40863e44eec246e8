-- AlterTable
ALTER TABLE "data_job" ADD COLUMN     "unread_columns" TEXT[] DEFAULT ARRAY[]::TEXT[];

-- Somebody may have taken a person's row for the names of columns: no history has them.
DROP TRIGGER "history_added" ON "data_job";
DROP TRIGGER "history_removed" ON "data_job";
DROP TRIGGER "history_changed" ON "data_job";
SELECT "keep_history"('data_job', 'DataJob', 'id', 'id',
  '{id,file_id,rejected_file_id,total_rows,done_rows,created_rows,updated_rows,unchanged_rows,rejected_rows,attempts,worker_id,lease_until,run_at,started_at,finished_at,begun_by,error_detail,filter,mapping,unread_columns}', '{}',
  '{state}');
