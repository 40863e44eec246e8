SELECT "keep_history"('binding', 'Binding', 'id', 'participant_id', '{id}');
