CREATE UNIQUE INDEX CONCURRENTLY "unknown_sender_key" ON "unknown_sender" ("tenant_id", "integration_config_id", md5(coalesce("address_key", "identity_key", "address")));
