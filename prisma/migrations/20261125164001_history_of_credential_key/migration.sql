SELECT "keep_history"('credential_key', 'CredentialKey', 'id', 'id', '{id,secret_hash,last_used_at}');
