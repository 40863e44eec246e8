-- Takes no lock that a read or a write waits for.
ALTER TABLE "conversation_member" VALIDATE CONSTRAINT "conversation_member_subject";
