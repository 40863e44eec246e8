SELECT "keep_history"('participant', 'Participant', 'id', 'id', '{id,name_key}');
