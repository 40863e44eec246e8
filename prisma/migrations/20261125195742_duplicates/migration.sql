-- CreateEnum
CREATE TYPE "DuplicateReason" AS ENUM ('SAME_PHONE', 'SAME_EMAIL_IGNORING_CASE_AND_DOTS', 'SAME_NAME_AND_DOMAIN', 'LINKED_BY_CHANNEL');

-- CreateEnum
CREATE TYPE "DuplicateStage" AS ENUM ('USERS', 'PARTICIPANTS', 'CANDIDATES', 'CHANGES');

-- CreateTable
CREATE TABLE "duplicate_key" (
    "tenant_id" UUID NOT NULL,
    "digest" UUID NOT NULL,
    "reason" "DuplicateReason" NOT NULL,
    "kind" "MergedKind" NOT NULL,
    "subject_id" UUID NOT NULL,
    "via_id" UUID,

    CONSTRAINT "duplicate_key_pkey" PRIMARY KEY ("tenant_id","digest","subject_id")
);

-- CreateTable
CREATE TABLE "duplicate_candidate" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "kind" "MergedKind" NOT NULL,
    "member_ids" UUID[],
    "members_digest" UUID NOT NULL,
    "via_ids" UUID[],
    "reasons" "DuplicateReason"[],
    "confidence" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT transaction_timestamp(),
    "dismissed_at" TIMESTAMPTZ(3),

    CONSTRAINT "duplicate_candidate_pkey" PRIMARY KEY ("tenant_id","id")
);

-- CreateTable
CREATE TABLE "duplicate_member" (
    "tenant_id" UUID NOT NULL,
    "subject_id" UUID NOT NULL,
    "candidate_id" UUID NOT NULL,

    CONSTRAINT "duplicate_member_pkey" PRIMARY KEY ("tenant_id","subject_id","candidate_id")
);

-- CreateIndex
CREATE INDEX "duplicate_member_tenant_id_candidate_id_idx" ON "duplicate_member"("tenant_id", "candidate_id");

-- CreateTable
CREATE TABLE "duplicate_progress" (
    "tenant_id" UUID NOT NULL,
    "followed_id" UUID NOT NULL,
    "stage" "DuplicateStage" NOT NULL,
    "scanned_id" UUID NOT NULL,

    CONSTRAINT "duplicate_progress_pkey" PRIMARY KEY ("tenant_id")
);

-- CreateIndex
CREATE INDEX "duplicate_key_tenant_id_subject_id_idx" ON "duplicate_key"("tenant_id", "subject_id");

-- CreateIndex
CREATE INDEX "duplicate_candidate_tenant_id_confidence_id_idx" ON "duplicate_candidate"("tenant_id", "confidence", "id");

-- CreateIndex
CREATE UNIQUE INDEX "duplicate_candidate_tenant_id_members_digest_key" ON "duplicate_candidate"("tenant_id", "members_digest");

-- AddForeignKey
ALTER TABLE "duplicate_candidate" ADD CONSTRAINT "duplicate_candidate_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "duplicate_member" ADD CONSTRAINT "duplicate_member_tenant_id_candidate_id_fkey" FOREIGN KEY ("tenant_id", "candidate_id") REFERENCES "duplicate_candidate"("tenant_id", "id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "duplicate_progress" ADD CONSTRAINT "duplicate_progress_tenant_id_fkey" FOREIGN KEY ("tenant_id") REFERENCES "tenant"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What Prisma's schema language cannot say.

-- That somebody dismissed it, and nothing that the job does.
CREATE TRIGGER "history_changed" AFTER UPDATE OF "dismissed_at" ON "duplicate_candidate"
  FOR EACH ROW WHEN (OLD."dismissed_at" IS NULL AND NEW."dismissed_at" IS NOT NULL) EXECUTE FUNCTION "record_history"(
    'DuplicateCandidate', 'id', '', '{tenant_id,id,kind,member_ids,members_digest,via_ids,reasons,confidence,created_at}', '{}', '');

-- What an e-mail address has in common with others that may be the same mailbox: no dots before the sign, and one name for Gmail.
CREATE FUNCTION "mailbox_key"("address" TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT replace(m.parts[1], '.', '') || '@' || CASE m.parts[2] WHEN 'googlemail.com' THEN 'gmail.com' ELSE m.parts[2] END
  FROM (SELECT regexp_match(lower("address"), '^(.+)@([^@]+)$') AS parts) m
$$;
