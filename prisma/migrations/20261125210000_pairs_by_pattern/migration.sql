-- The same pairs of neighbouring characters as before, by a pattern instead of one by one: a seventh of the time, which was a third of what it cost
-- to add an external user. Those at odd places, and those at even ones. A pair that is there twice is twice in the list: the index keeps it once.
-- Texts have no control characters, so one can stand between the pairs.
CREATE OR REPLACE FUNCTION "search_pairs"("texts" TEXT) RETURNS TEXT[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  signs INTEGER := length(texts);
BEGIN
  RETURN string_to_array(left(regexp_replace(left(texts, signs / 2 * 2), '(..)', E'\\1\x01', 'g'), -1), E'\x01')
    || string_to_array(left(regexp_replace(substr(texts, 2, (signs - 1) / 2 * 2), '(..)', E'\\1\x01', 'g'), -1), E'\x01');
END $$;
