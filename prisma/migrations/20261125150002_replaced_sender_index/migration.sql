-- The index with the status stands in its place.
DROP INDEX "unknown_sender_tenant_id_last_message_at_id_idx";
