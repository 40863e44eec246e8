-- Whether an address fits its provider is stored when the channel is written. The forms of four providers have become
-- narrower here and wider there (src/channels/address.ts): what is stored before now is looked at again.
UPDATE "channel" SET "address_valid" = NOT "address_valid"
WHERE "provider" IN ('slack', 'teams', 'telegram', 'discord') AND "address_valid" <> CASE "provider"
  WHEN 'slack' THEN "address" ~ '^[UWCGD][A-Z0-9]{2,20}$'
  WHEN 'teams' THEN "address" ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
    OR "address" ~ '^[A-Za-z0-9''._!#^~-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$'
    OR "address" ~ '^(29|a):[A-Za-z0-9_-]{10,255}$'
    OR "address" ~ '^19:[A-Za-z0-9_-]{1,200}@(thread\.(tacv2|v2|skype)|unq\.gbl\.spaces)$'
  WHEN 'telegram' THEN
    CASE WHEN "address" ~ '^-?[1-9][0-9]{0,15}$' THEN abs("address"::numeric) < 4503599627370496
    ELSE "address" ~ '^@[A-Za-z][A-Za-z0-9_]{3,31}$' END
  ELSE CASE WHEN "address" ~ '^[1-9][0-9]{16,19}$' THEN "address"::numeric < 18446744073709551616 ELSE false END
END;

-- A config's own keys, the working one first and then the last revoked: what health asks of every channel.
CREATE INDEX "webhook_key_config_latest_idx" ON "webhook_key" ("tenant_id", "integration_config_id", "revoked_at" DESC NULLS FIRST)
  WHERE "binding_id" IS NULL;

-- Whom a reason can be given for: few, where all is well.
CREATE INDEX "webhook_key_revoked_binding_idx" ON "webhook_key" ("tenant_id", "binding_id") WHERE "binding_id" IS NOT NULL AND "revoked_at" IS NOT NULL;
CREATE INDEX "channel_disabled_idx" ON "channel" ("tenant_id", "participant_id") WHERE "disabled";
CREATE INDEX "channel_invalid_idx" ON "channel" ("tenant_id", "participant_id") WHERE NOT "address_valid";
