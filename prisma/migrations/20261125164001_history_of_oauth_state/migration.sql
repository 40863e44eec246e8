-- That somebody went to the provider to sign in is a change of the config.
SELECT "keep_history"('oauth_state', 'IntegrationConfig', 'integration_config_id', 'integration_config_id',
  '{state_hash,integration_config_id,viewer_kind,viewer_id}', '{verifier_ciphertext}', only_added => true, as_change => 'sign_in_begun_at');
