CREATE TYPE "UnknownSenderStatus" AS ENUM ('PENDING', 'APPROVED', 'REJECTED', 'BLOCKED');
CREATE TYPE "ApprovalMode" AS ENUM ('CREATE_NEW', 'ADD_TO_EXISTING', 'BIND_ONLY');

-- Constant defaults: no row is written.
ALTER TABLE "unknown_sender" ADD COLUMN     "approval_mode" "ApprovalMode",
ADD COLUMN     "approved_participant_id" UUID,
ADD COLUMN     "conversation_name" TEXT,
ADD COLUMN     "dropped_message_count" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "note" TEXT,
ADD COLUMN     "processed_at" TIMESTAMPTZ(3),
ADD COLUMN     "processed_by" TEXT,
ADD COLUMN     "status" "UnknownSenderStatus" NOT NULL DEFAULT 'PENDING';

-- What Prisma's schema language cannot say. The columns are new, so no stored row breaks these.
ALTER TABLE "unknown_sender"
  ADD CONSTRAINT "unknown_sender_conversation_name_length" CHECK (char_length("conversation_name") BETWEEN 1 AND 150) NOT VALID,
  ADD CONSTRAINT "unknown_sender_note_length" CHECK (char_length("note") BETWEEN 1 AND 4000) NOT VALID;
