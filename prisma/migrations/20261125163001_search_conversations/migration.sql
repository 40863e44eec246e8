-- One table a migration: the lock that a trigger or a foreign key takes on a table that is written to is held for a moment, and no other lock is
-- waited for while it is held.
-- AddForeignKey
ALTER TABLE "conversation_search" ADD CONSTRAINT "conversation_search_tenant_id_id_fkey" FOREIGN KEY ("tenant_id", "id") REFERENCES "conversation"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TRIGGER "conversation_search_insert" AFTER INSERT ON "conversation" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION "search_inserted"();
CREATE TRIGGER "conversation_search_update" AFTER UPDATE ON "conversation" FOR EACH ROW
  WHEN (OLD."name" IS DISTINCT FROM NEW."name") EXECUTE FUNCTION "search_updated"();
