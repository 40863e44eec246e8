SELECT "keep_history"('conversation_member', 'ConversationParticipant', 'id', 'conversation_id', '{id,user_id,contact_id,agent_id}');
