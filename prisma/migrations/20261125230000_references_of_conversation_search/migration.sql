ALTER TABLE "conversation_search"
  DROP CONSTRAINT "conversation_search_tenant_id_id_fkey",
  ADD CONSTRAINT "conversation_search_tenant_id_id_fkey" FOREIGN KEY ("tenant_id", "id") REFERENCES "conversation"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
