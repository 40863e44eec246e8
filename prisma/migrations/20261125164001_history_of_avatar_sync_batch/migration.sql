SELECT "keep_history"('avatar_sync_batch', 'AvatarSyncBatch', 'id', 'id', '{id,started_at,finished_at}', only_added => true);
