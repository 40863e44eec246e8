-- CreateEnum
CREATE TYPE "ParticipantKind" AS ENUM ('PERSON', 'GROUP', 'AI_AGENT');

-- CreateEnum
CREATE TYPE "AvatarOrigin" AS ENUM ('UPLOADED', 'CHANNEL');

-- CreateEnum
CREATE TYPE "MemberType" AS ENUM ('USER', 'CONTACT', 'AGENT', 'FLOW', 'BOT', 'ACCESS_KEY', 'CHANNEL', 'CONNECTOR', 'COLLABORATION_AUTOMATION');

-- CreateEnum
CREATE TYPE "MemberStatus" AS ENUM ('PENDING', 'INVITED', 'ACTIVE');

-- CreateEnum
CREATE TYPE "IdentifierKey" AS ENUM ('emailaddress', 'phonenumber', 'fkid');

-- CreateEnum
CREATE TYPE "KeyKind" AS ENUM ('ACCESS_KEY', 'AGENT_KEY');

-- CreateTable
CREATE TABLE "tenant" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "tenant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "agent" (
    "tenant_id" UUID NOT NULL,
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "modified_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "agent_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "participant" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "kind" "ParticipantKind" NOT NULL,
    "display_name" TEXT NOT NULL,
    "email" TEXT,
    "related_agent_id" TEXT,
    "disabled_at" TIMESTAMPTZ(3),
    "avatar_file_id" UUID,
    "avatar_source" "AvatarOrigin",
    "avatar_source_config_id" UUID,
    "avatar_source_address" TEXT,
    "avatar_synced_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "modified_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "participant_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "integration_config" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "token_ciphertext" TEXT,
    "connected_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "modified_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "integration_config_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "channel" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "participant_id" UUID NOT NULL,
    "integration_config_id" UUID NOT NULL,
    "provider" TEXT NOT NULL,
    "address" TEXT NOT NULL,
    "identity_key" TEXT,
    "address_valid" BOOLEAN NOT NULL,
    "priority" INTEGER NOT NULL DEFAULT 0,
    "label" TEXT,
    "disabled" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "channel_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "binding" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "participant_id" UUID NOT NULL,
    "agent_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "modified_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "binding_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "file" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "content_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "file_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "conversation" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT,
    "agent_id" TEXT,
    "closed_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "modified_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "conversation_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "conversation_member" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "conversation_id" UUID NOT NULL,
    "type" "MemberType" NOT NULL,
    "participant_id" TEXT NOT NULL,
    "user_id" UUID,
    "contact_id" UUID,
    "agent_id" TEXT,
    "status" "MemberStatus" NOT NULL DEFAULT 'ACTIVE',
    "display_name" TEXT,
    "avatar_url" TEXT,
    "contact_key" "IdentifierKey",
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "modified_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "conversation_member_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "external_user" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "first_name" TEXT,
    "last_name" TEXT,
    "email" TEXT,
    "phone_number" TEXT,
    "fk_id" TEXT,
    "fk_user_id" TEXT,
    "context" TEXT,
    "source" TEXT,
    "metadata" JSONB,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "modified_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "external_user_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "credential_key" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "kind" "KeyKind" NOT NULL,
    "name" TEXT,
    "agent_id" TEXT,
    "prefix" TEXT NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "credential_key_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE INDEX "participant_tenant_id_display_name_id_idx" ON "participant"("tenant_id", "display_name", "id");

-- CreateIndex
CREATE INDEX "participant_tenant_id_related_agent_id_idx" ON "participant"("tenant_id", "related_agent_id");

-- CreateIndex
CREATE INDEX "participant_tenant_id_avatar_file_id_idx" ON "participant"("tenant_id", "avatar_file_id");

-- CreateIndex
CREATE UNIQUE INDEX "integration_config_tenant_id_id_provider_key" ON "integration_config"("tenant_id", "id", "provider");

-- CreateIndex
CREATE INDEX "channel_tenant_id_participant_id_priority_id_idx" ON "channel"("tenant_id", "participant_id", "priority", "id");

-- CreateIndex
CREATE INDEX "channel_tenant_id_integration_config_id_idx" ON "channel"("tenant_id", "integration_config_id");

-- CreateIndex
CREATE INDEX "binding_tenant_id_agent_id_participant_id_idx" ON "binding"("tenant_id", "agent_id", "participant_id");

-- CreateIndex
CREATE UNIQUE INDEX "binding_tenant_id_participant_id_agent_id_key" ON "binding"("tenant_id", "participant_id", "agent_id");

-- CreateIndex
CREATE UNIQUE INDEX "file_id_key" ON "file"("id");

-- CreateIndex
CREATE UNIQUE INDEX "file_tenant_id_content_hash_key" ON "file"("tenant_id", "content_hash");

-- CreateIndex
CREATE INDEX "conversation_tenant_id_agent_id_id_idx" ON "conversation"("tenant_id", "agent_id", "id");

-- CreateIndex
CREATE INDEX "conversation_member_tenant_id_conversation_id_id_idx" ON "conversation_member"("tenant_id", "conversation_id", "id");

-- CreateIndex
CREATE INDEX "conversation_member_tenant_id_user_id_conversation_id_idx" ON "conversation_member"("tenant_id", "user_id", "conversation_id");

-- CreateIndex
CREATE INDEX "conversation_member_tenant_id_contact_id_conversation_id_idx" ON "conversation_member"("tenant_id", "contact_id", "conversation_id");

-- CreateIndex
CREATE INDEX "conversation_member_tenant_id_agent_id_conversation_id_idx" ON "conversation_member"("tenant_id", "agent_id", "conversation_id");

-- CreateIndex
CREATE UNIQUE INDEX "conversation_member_tenant_id_conversation_id_type_particip_key" ON "conversation_member"("tenant_id", "conversation_id", "type", "participant_id");

-- CreateIndex
CREATE UNIQUE INDEX "credential_key_prefix_key" ON "credential_key"("prefix");

-- AddForeignKey
ALTER TABLE "agent" ADD CONSTRAINT "agent_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "participant" ADD CONSTRAINT "participant_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "participant" ADD CONSTRAINT "participant_tenant_id_related_agent_id_fkey" FOREIGN KEY ("tenant_id", "related_agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "participant" ADD CONSTRAINT "participant_tenant_id_avatar_file_id_fkey" FOREIGN KEY ("tenant_id", "avatar_file_id") REFERENCES "file"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "integration_config" ADD CONSTRAINT "integration_config_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "channel" ADD CONSTRAINT "channel_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "channel" ADD CONSTRAINT "channel_tenant_id_integration_config_id_provider_fkey" FOREIGN KEY ("tenant_id", "integration_config_id", "provider") REFERENCES "integration_config"("tenant_id", "id", "provider") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "binding" ADD CONSTRAINT "binding_tenant_id_participant_id_fkey" FOREIGN KEY ("tenant_id", "participant_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "binding" ADD CONSTRAINT "binding_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "file" ADD CONSTRAINT "file_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "conversation" ADD CONSTRAINT "conversation_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "conversation" ADD CONSTRAINT "conversation_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- AddForeignKey
ALTER TABLE "conversation_member" ADD CONSTRAINT "conversation_member_tenant_id_conversation_id_fkey" FOREIGN KEY ("tenant_id", "conversation_id") REFERENCES "conversation"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "conversation_member" ADD CONSTRAINT "conversation_member_tenant_id_user_id_fkey" FOREIGN KEY ("tenant_id", "user_id") REFERENCES "participant"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "conversation_member" ADD CONSTRAINT "conversation_member_tenant_id_contact_id_fkey" FOREIGN KEY ("tenant_id", "contact_id") REFERENCES "external_user"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "conversation_member" ADD CONSTRAINT "conversation_member_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "external_user" ADD CONSTRAINT "external_user_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credential_key" ADD CONSTRAINT "credential_key_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "credential_key" ADD CONSTRAINT "credential_key_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say.
--
-- E-mails and addresses may be 4,000 characters long, more than a B-tree entry holds, so they are
-- indexed by digest; every query compares the digest and the value. Without case means lower().

-- The ways in: by e-mail, by telephone number, by foreign key, by channel address.
CREATE INDEX "participant_email_idx" ON "participant" ("tenant_id", md5(lower("email"))) WHERE "email" IS NOT NULL;
CREATE INDEX "channel_address_idx" ON "channel" ("tenant_id", "provider", md5("address"));
CREATE INDEX "channel_identity_idx" ON "channel" ("tenant_id", "identity_key") WHERE "identity_key" IS NOT NULL;
CREATE UNIQUE INDEX "channel_participant_config_address_key" ON "channel" ("tenant_id", "participant_id", "integration_config_id", md5("address"));
CREATE UNIQUE INDEX "external_user_email_key" ON "external_user" ("tenant_id", md5(lower("email"))) WHERE "email" IS NOT NULL;
CREATE UNIQUE INDEX "external_user_phone_number_key" ON "external_user" ("tenant_id", "phone_number") WHERE "phone_number" IS NOT NULL;
CREATE UNIQUE INDEX "external_user_fk_id_key" ON "external_user" ("tenant_id", "fk_id") WHERE "fk_id" IS NOT NULL;

-- Most conversations are closed in the end; the open ones stay as quick to find.
CREATE INDEX "conversation_open_idx" ON "conversation" ("tenant_id", "id") WHERE "closed_at" IS NULL;

ALTER TABLE "agent" ADD CONSTRAINT "agent_id_format" CHECK ("id" ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$');

ALTER TABLE "participant"
  ADD CONSTRAINT "participant_display_name_length" CHECK (char_length("display_name") BETWEEN 1 AND 150),
  ADD CONSTRAINT "participant_email_length" CHECK (char_length("email") BETWEEN 1 AND 4000),
  ADD CONSTRAINT "participant_related_agent" CHECK (("kind" = 'AI_AGENT') = ("related_agent_id" IS NOT NULL)),
  ADD CONSTRAINT "participant_avatar_origin" CHECK (
    CASE "avatar_source"
      WHEN 'UPLOADED' THEN "avatar_file_id" IS NOT NULL AND num_nonnulls("avatar_source_config_id", "avatar_source_address") = 0
      WHEN 'CHANNEL' THEN num_nulls("avatar_file_id", "avatar_source_config_id", "avatar_source_address", "avatar_synced_at") = 0
      ELSE num_nonnulls("avatar_file_id", "avatar_source_config_id", "avatar_source_address") = 0
    END);

ALTER TABLE "integration_config"
  ADD CONSTRAINT "integration_config_provider_format" CHECK ("provider" ~ '^[a-z][a-z0-9_-]{0,49}$'),
  ADD CONSTRAINT "integration_config_connected" CHECK (("token_ciphertext" IS NULL) = ("connected_at" IS NULL));

ALTER TABLE "channel"
  ADD CONSTRAINT "channel_address_length" CHECK (char_length("address") BETWEEN 1 AND 4000),
  ADD CONSTRAINT "channel_identity_key_length" CHECK (char_length("identity_key") <= 320);

ALTER TABLE "conversation_member"
  ADD CONSTRAINT "conversation_member_subject" CHECK (
    CASE "type"
      WHEN 'USER' THEN "user_id" IS NOT NULL AND "participant_id" = "user_id"::text AND num_nonnulls("contact_id", "agent_id") = 0
      WHEN 'CONTACT' THEN "contact_id" IS NOT NULL AND "participant_id" = "contact_id"::text AND num_nonnulls("user_id", "agent_id") = 0
      WHEN 'AGENT' THEN "agent_id" IS NOT NULL AND "participant_id" = "agent_id" AND num_nonnulls("user_id", "contact_id") = 0
      ELSE num_nonnulls("user_id", "contact_id", "agent_id") = 0
    END),
  ADD CONSTRAINT "conversation_member_contact_key" CHECK ("contact_key" IS NULL OR "type" = 'CONTACT'),
  ADD CONSTRAINT "conversation_member_participant_id_length" CHECK (char_length("participant_id") BETWEEN 1 AND 255);

ALTER TABLE "external_user"
  ADD CONSTRAINT "external_user_identified" CHECK (num_nonnulls("email", "phone_number", "fk_id") > 0),
  ADD CONSTRAINT "external_user_phone_number_e164" CHECK ("phone_number" ~ '^\+[1-9][0-9]{1,14}$'),
  ADD CONSTRAINT "external_user_fk_id_length" CHECK (char_length("fk_id") BETWEEN 1 AND 255);

ALTER TABLE "credential_key" ADD CONSTRAINT "credential_key_agent" CHECK (("kind" = 'AGENT_KEY') = ("agent_id" IS NOT NULL));

-- Every change says when it was made, by the database's clock.
CREATE FUNCTION "set_modified_at"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW."modified_at" := now();
  RETURN NEW;
END $$;
CREATE TRIGGER "agent_modified" BEFORE UPDATE ON "agent" FOR EACH ROW EXECUTE FUNCTION "set_modified_at"();
CREATE TRIGGER "participant_modified" BEFORE UPDATE ON "participant" FOR EACH ROW EXECUTE FUNCTION "set_modified_at"();
CREATE TRIGGER "integration_config_modified" BEFORE UPDATE ON "integration_config" FOR EACH ROW EXECUTE FUNCTION "set_modified_at"();
CREATE TRIGGER "conversation_modified" BEFORE UPDATE ON "conversation" FOR EACH ROW EXECUTE FUNCTION "set_modified_at"();
CREATE TRIGGER "conversation_member_modified" BEFORE UPDATE ON "conversation_member" FOR EACH ROW EXECUTE FUNCTION "set_modified_at"();
CREATE TRIGGER "external_user_modified" BEFORE UPDATE ON "external_user" FOR EACH ROW EXECUTE FUNCTION "set_modified_at"();
