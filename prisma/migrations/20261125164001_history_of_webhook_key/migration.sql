SELECT "keep_history"('webhook_key', 'CredentialKey', 'id', 'id', '{id,secret_hash}', '{signing_secret_ciphertext}');
