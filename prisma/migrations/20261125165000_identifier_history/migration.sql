-- Identifiers are a part of their user's history. The primary ones are recorded as the user's columns.
SELECT "keep_history"('external_user_identifier', 'ExternalUserIdentifier', 'id', 'external_user_id', '{id,compare_key}', unless => 'is_primary');
