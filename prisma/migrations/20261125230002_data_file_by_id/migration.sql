CREATE INDEX CONCURRENTLY "data_file_id_idx" ON "data_file"("id");
