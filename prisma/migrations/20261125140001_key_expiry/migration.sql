-- Keys that were made before do not expire.
ALTER TABLE "credential_key" ADD COLUMN "expires_at" TIMESTAMPTZ(3);
