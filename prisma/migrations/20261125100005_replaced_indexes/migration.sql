-- Others stand in their place.
DROP INDEX "participant_tenant_id_display_name_id_idx";
DROP INDEX "channel_address_idx";
DROP INDEX "external_user_phone_number_key";
DROP INDEX "unknown_sender_identity_key";
