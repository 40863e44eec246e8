CREATE INDEX CONCURRENTLY "channel_key_idx" ON "channel" ("tenant_id", "provider", md5(coalesce("address_key", "identity_key", "address")));
