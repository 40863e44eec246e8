-- Of a job only that somebody had it begun anew. Workers change the rest all the time.
CREATE TRIGGER "history_retried" AFTER UPDATE OF "generation" ON "avatar_sync_job"
  FOR EACH ROW WHEN (OLD."state" = 'FAILED' AND NEW."state" = 'QUEUED') EXECUTE FUNCTION "record_history"(
    'AvatarSyncFailure', 'id', 'participant_id', '{tenant_id,id,participant_id,integration_config_id,address,kind,generation,attempts,accounted,again_config_id,again_address,queued_at,run_at,worker_id,lease_until,finished_at}', '{}', '', '', '');
