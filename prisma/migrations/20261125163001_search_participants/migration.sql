-- One table a migration: the lock that a trigger or a foreign key takes on a table that is written to is held for a moment, and no other lock is
-- waited for while it is held.
-- AddForeignKey
ALTER TABLE "participant_search" ADD CONSTRAINT "participant_search_tenant_id_id_fkey" FOREIGN KEY ("tenant_id", "id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TRIGGER "participant_search_insert" AFTER INSERT ON "participant" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION "search_inserted"();
CREATE TRIGGER "participant_search_update" AFTER UPDATE ON "participant" FOR EACH ROW
  WHEN ((OLD."display_name", OLD."email") IS DISTINCT FROM (NEW."display_name", NEW."email")) EXECUTE FUNCTION "search_updated"();
