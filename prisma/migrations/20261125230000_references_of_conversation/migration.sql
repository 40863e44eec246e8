ALTER TABLE "conversation"
  DROP CONSTRAINT "conversation_tenant_id_fkey",
  ADD CONSTRAINT "conversation_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
