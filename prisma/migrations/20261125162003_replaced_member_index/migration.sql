-- The index without tombstones stands in its place.
DROP INDEX "conversation_member_tenant_id_conversation_id_type_particip_key";
