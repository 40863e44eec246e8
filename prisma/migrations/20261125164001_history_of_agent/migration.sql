SELECT "keep_history"('agent', 'Agent', 'id', '');
