-- One table a migration: the lock that a trigger or a foreign key takes on a table that is written to is held for a moment, and no other lock is
-- waited for while it is held.
-- AddForeignKey
ALTER TABLE "external_user_search" ADD CONSTRAINT "external_user_search_tenant_id_id_fkey" FOREIGN KEY ("tenant_id", "id") REFERENCES "external_user"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE TRIGGER "external_user_search_insert" AFTER INSERT ON "external_user" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION "search_inserted"();
CREATE TRIGGER "external_user_search_update" AFTER UPDATE ON "external_user" FOR EACH ROW
  WHEN ((OLD."first_name", OLD."last_name", OLD."email", OLD."phone_number", OLD."phone_key", OLD."fk_id")
    IS DISTINCT FROM (NEW."first_name", NEW."last_name", NEW."email", NEW."phone_number", NEW."phone_key", NEW."fk_id"))
  EXECUTE FUNCTION "search_updated"();
