-- Identifiers are a part of their user's history.
SELECT "keep_history"('external_user_identifier', 'ExternalUser', 'external_user_id', 'external_user_id', '{id,external_user_id,compare_key}');
