SELECT "keep_history"('unknown_sender', 'UnknownSender', 'id', 'id',
  '{id,identity_key,address_key,message_count,first_message_at,last_message_at,dropped_message_count,processed_by}', '{}',
  '{address,agent_id,status,note,processed_at,approval_mode,approved_participant_id}');
