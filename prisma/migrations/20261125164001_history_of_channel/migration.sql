SELECT "keep_history"('channel', 'Channel', 'id', 'participant_id', '{id,identity_key,address_key,address_valid,last_message_at,message_count}', '{}',
  '{participant_id,integration_config_id,provider,address,priority,label,disabled}');
