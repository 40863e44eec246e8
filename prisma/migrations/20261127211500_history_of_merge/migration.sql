-- A merge of people who have nothing to bring changes no row of the survivor: its history says it all the same.
-- The record has what people were called, and is no part of the history.
SELECT "keep_history"('merge', 'Merge', 'id', 'into_id', '{id,merged_at,actor_kind,actor_id,record}', '{}', '{undone_at}');
-- A merge is deleted with the people that it is about: their own entries say that.
DROP TRIGGER "history_removed" ON "merge";
