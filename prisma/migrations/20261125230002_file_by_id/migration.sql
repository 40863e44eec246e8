CREATE INDEX CONCURRENTLY "file_id_idx" ON "file"("id");
