-- AlterTable
ALTER TABLE "channel" ADD COLUMN     "last_message_at" TIMESTAMPTZ(3),
ADD COLUMN     "message_count" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "webhook_key" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "integration_config_id" UUID NOT NULL,
    "binding_id" UUID,
    "agent_id" TEXT,
    "prefix" TEXT NOT NULL,
    "secret_hash" TEXT NOT NULL,
    "signing_secret_ciphertext" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "webhook_key_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "webhook_delivery" (
    "tenant_id" UUID NOT NULL,
    "integration_config_id" UUID NOT NULL,
    "delivery_id" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_delivery_pkey" PRIMARY KEY ("tenant_id","integration_config_id","delivery_id")
);

-- CreateTable
CREATE TABLE "unknown_sender" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "integration_config_id" UUID NOT NULL,
    "address" TEXT NOT NULL,
    "identity_key" TEXT,
    "agent_id" TEXT,
    "display_name" TEXT,
    "message_count" INTEGER NOT NULL,
    "first_message_at" TIMESTAMPTZ(3) NOT NULL,
    "last_message_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "unknown_sender_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateIndex
CREATE UNIQUE INDEX "webhook_key_prefix_key" ON "webhook_key"("prefix");

-- CreateIndex
CREATE INDEX "webhook_key_tenant_id_integration_config_id_idx" ON "webhook_key"("tenant_id", "integration_config_id");

-- CreateIndex
CREATE INDEX "webhook_key_tenant_id_binding_id_idx" ON "webhook_key"("tenant_id", "binding_id");

-- CreateIndex
CREATE INDEX "webhook_delivery_received_at_idx" ON "webhook_delivery"("received_at");

-- CreateIndex
CREATE INDEX "unknown_sender_tenant_id_last_message_at_id_idx" ON "unknown_sender"("tenant_id", "last_message_at", "id");

-- AddForeignKey
ALTER TABLE "webhook_key" ADD CONSTRAINT "webhook_key_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_key" ADD CONSTRAINT "webhook_key_tenant_id_binding_id_fkey" FOREIGN KEY ("tenant_id", "binding_id") REFERENCES "binding"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_key" ADD CONSTRAINT "webhook_key_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "unknown_sender" ADD CONSTRAINT "unknown_sender_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "unknown_sender" ADD CONSTRAINT "unknown_sender_tenant_id_integration_config_id_fkey" FOREIGN KEY ("tenant_id", "integration_config_id") REFERENCES "integration_config"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "unknown_sender" ADD CONSTRAINT "unknown_sender_tenant_id_agent_id_fkey" FOREIGN KEY ("tenant_id", "agent_id") REFERENCES "agent"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION;

-- What Prisma's schema language cannot say.

-- At most one working key for a config, or for a binding's channel in it. Ended ones stay, for what they say about health.
CREATE UNIQUE INDEX "webhook_key_config_working_key" ON "webhook_key" ("tenant_id", "integration_config_id") WHERE "binding_id" IS NULL AND "revoked_at" IS NULL;
CREATE UNIQUE INDEX "webhook_key_binding_working_key" ON "webhook_key" ("tenant_id", "integration_config_id", "binding_id") WHERE "binding_id" IS NOT NULL AND "revoked_at" IS NULL;

-- One for each identity: a telephone number or an e-mail address may be spelt in several ways.
CREATE UNIQUE INDEX "unknown_sender_identity_key" ON "unknown_sender" ("tenant_id", "integration_config_id", md5(coalesce("identity_key", "address")));

ALTER TABLE "webhook_delivery" ADD CONSTRAINT "webhook_delivery_delivery_id_length" CHECK (char_length("delivery_id") BETWEEN 1 AND 255);
ALTER TABLE "unknown_sender"
  ADD CONSTRAINT "unknown_sender_address_length" CHECK (char_length("address") BETWEEN 1 AND 4000),
  ADD CONSTRAINT "unknown_sender_identity_key_length" CHECK (char_length("identity_key") <= 320),
  ADD CONSTRAINT "unknown_sender_display_name_length" CHECK (char_length("display_name") BETWEEN 1 AND 150);
