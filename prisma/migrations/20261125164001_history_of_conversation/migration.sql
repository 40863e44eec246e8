SELECT "keep_history"('conversation', 'Conversation', 'id', 'id', '{id}', json_column => 'attributes');
