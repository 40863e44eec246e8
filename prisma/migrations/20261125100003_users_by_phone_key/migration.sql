CREATE UNIQUE INDEX CONCURRENTLY "external_user_phone_key" ON "external_user" ("tenant_id", coalesce("phone_key", "phone_number")) WHERE "phone_number" IS NOT NULL;
