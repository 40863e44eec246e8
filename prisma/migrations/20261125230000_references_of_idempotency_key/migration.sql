ALTER TABLE "idempotency_key"
  DROP CONSTRAINT "idempotency_key_tenant_id_fkey",
  ADD CONSTRAINT "idempotency_key_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
