-- One table a migration: the lock that a trigger or a foreign key takes on a table that is written to is held for a moment, and no other lock is
-- waited for while it is held.
CREATE TRIGGER "channel_search_insert" AFTER INSERT ON "channel" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION "search_inserted"();
CREATE TRIGGER "channel_search_update" AFTER UPDATE ON "channel" FOR EACH ROW
  WHEN ((OLD."address", OLD."identity_key", OLD."participant_id") IS DISTINCT FROM (NEW."address", NEW."identity_key", NEW."participant_id"))
  EXECUTE FUNCTION "search_updated"();
CREATE TRIGGER "channel_search_delete" AFTER DELETE ON "channel" FOR EACH ROW EXECUTE FUNCTION "search_updated"();
