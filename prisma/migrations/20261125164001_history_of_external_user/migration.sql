SELECT "keep_history"('external_user', 'ExternalUser', 'id', 'id', '{id,phone_key}', json_column => 'metadata');
