ALTER TABLE "blocked_digest"
  DROP CONSTRAINT "blocked_digest_tenant_id_erasure_id_fkey",
  ADD CONSTRAINT "blocked_digest_tenant_id_erasure_id_fkey" FOREIGN KEY ("tenant_id", "erasure_id") REFERENCES "erasure"("tenant_id", "id") ON DELETE CASCADE ON UPDATE NO ACTION NOT VALID;
