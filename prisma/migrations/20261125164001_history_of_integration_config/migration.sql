SELECT "keep_history"('integration_config', 'IntegrationConfig', 'id', 'id', '{id}', '{token_ciphertext}');
