-- Nothing is known of the uses before.
ALTER TABLE "credential_key" ADD COLUMN     "last_used_at" TIMESTAMPTZ(3);
