-- Participants are merged too. Their ids and those of external users are no longer one key.
-- CreateEnum
CREATE TYPE "MergedKind" AS ENUM ('EXTERNAL_USER', 'PARTICIPANT');

-- AlterTable
ALTER TABLE "merged_id" ADD COLUMN     "avatar_file_id" UUID,
ADD COLUMN     "kind" "MergedKind" NOT NULL DEFAULT 'EXTERNAL_USER';

-- AddForeignKey. No row has an avatar yet, so to validate takes no time.
ALTER TABLE "merged_id" ADD CONSTRAINT "merged_id_tenant_id_avatar_file_id_fkey" FOREIGN KEY ("tenant_id", "avatar_file_id") REFERENCES "file"("tenant_id", "id") ON DELETE NO ACTION ON UPDATE NO ACTION NOT VALID;
ALTER TABLE "merged_id" VALIDATE CONSTRAINT "merged_id_tenant_id_avatar_file_id_fkey";
