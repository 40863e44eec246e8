-- A contact whose external user is deleted stays in its conversations as a tombstone: with nothing of the person's. The constraint is checked
-- for stored rows by a migration of its own, which lets others read and write meanwhile.
ALTER TABLE "conversation_member" ADD COLUMN     "deleted_at" TIMESTAMPTZ(3);

ALTER TABLE "conversation_member"
  DROP CONSTRAINT "conversation_member_subject",
  ADD CONSTRAINT "conversation_member_subject" CHECK (
    CASE
      WHEN "deleted_at" IS NOT NULL
        THEN "type" = 'CONTACT' AND num_nonnulls("user_id", "contact_id", "agent_id", "contact_key", "display_name", "avatar_url") = 0
      WHEN "type" = 'USER' THEN "user_id" IS NOT NULL AND "participant_id" = "user_id"::text AND num_nonnulls("contact_id", "agent_id") = 0
      WHEN "type" = 'CONTACT' THEN "contact_id" IS NOT NULL AND "participant_id" = "contact_id"::text AND num_nonnulls("user_id", "agent_id") = 0
      WHEN "type" = 'AGENT' THEN "agent_id" IS NOT NULL AND "participant_id" = "agent_id" AND num_nonnulls("user_id", "contact_id") = 0
      ELSE num_nonnulls("user_id", "contact_id", "agent_id") = 0
    END) NOT VALID;
