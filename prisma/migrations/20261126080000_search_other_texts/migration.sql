-- The texts that hardly two rows share: all after the second, for which an index in the order of names is beside, and the first where it is not the
-- key of the name. Whole texts, so that none that only has the word is found.
CREATE FUNCTION "search_other_texts"("name_key" TEXT, "texts" TEXT) RETURNS TSVECTOR LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  lines TEXT[] := string_to_array(texts, E'\n');
  others TEXT[] := array_remove(lines[4:], '');
BEGIN
  IF lines[2] <> name_key THEN
    others := others || array_remove(lines[2:2], '');
  END IF;
  RETURN array_to_tsvector(others);
END $$;
