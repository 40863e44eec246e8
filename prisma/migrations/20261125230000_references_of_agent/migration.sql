-- No key is ever updated, and a distributed PostgreSQL refuses ON UPDATE CASCADE where the tenant is in the key. One
-- table at a time, and checked later: each lock is short.
ALTER TABLE "agent"
  DROP CONSTRAINT "agent_tenant_id_fkey",
  ADD CONSTRAINT "agent_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
