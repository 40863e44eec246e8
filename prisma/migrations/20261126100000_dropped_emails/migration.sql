-- Digests of the e-mail addresses that a merge of participants has dropped, with the tenant's id, as history_keys makes them: an erasure finds by
-- them who the person is now. It is in the record, not in the history, which may be pruned. Null for a merge that dropped none.
CREATE FUNCTION "merge_dropped_keys"("of_tenant" uuid, "record" jsonb) RETURNS UUID[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT array_agg(DISTINCT md5("of_tenant"::text || ' identity ' || lower(c.one ->> 'dropped'))::uuid)
  FROM jsonb_array_elements("record" -> 'conflicts') c (one)
  WHERE c.one ->> 'field' = 'email' AND lower(c.one ->> 'dropped') <> lower(c.one ->> 'kept')
$$;
