-- CreateTable
CREATE TABLE "participant_search" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "texts" TEXT NOT NULL,

    CONSTRAINT "participant_search_pkey" PRIMARY KEY ("tenant_id","id")
);


-- CreateTable
CREATE TABLE "external_user_search" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "texts" TEXT NOT NULL,

    CONSTRAINT "external_user_search_pkey" PRIMARY KEY ("tenant_id","id")
);


-- CreateTable
CREATE TABLE "conversation_search" (
    "tenant_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "texts" TEXT NOT NULL,

    CONSTRAINT "conversation_search_pkey" PRIMARY KEY ("tenant_id","id")
);

-- What Prisma's schema language cannot say.

-- A text as it is searched: without case and accents, between line ends, so that a text's beginning and end are found. Nothing for null.
CREATE FUNCTION "search_text"("given" TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT coalesce("name_key"(left(translate(given, E'\n\r', '  '), 500)) || E'\n', '')
$$;

-- The pairs of neighbouring characters in a text: how parts of two characters are found, of which a trigram index knows nothing.
CREATE FUNCTION "search_pairs"("texts" TEXT) RETURNS TEXT[] LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  signs TEXT[] := string_to_array(texts, NULL);
BEGIN
  RETURN ARRAY(SELECT DISTINCT signs[i] || signs[i + 1] FROM generate_series(1, cardinality(signs) - 1) i);
END $$;

CREATE INDEX "participant_search_name_idx" ON "participant_search" ("tenant_id", "name_key" COLLATE "C", "name" COLLATE "C", "id");
CREATE INDEX "participant_search_texts_idx" ON "participant_search" USING gin ("tenant_id", "texts" gin_trgm_ops, search_pairs("texts")) WITH (gin_pending_list_limit = 512);
CREATE INDEX "external_user_search_name_idx" ON "external_user_search" ("tenant_id", "name_key" COLLATE "C", "name" COLLATE "C", "id");
CREATE INDEX "external_user_search_texts_idx" ON "external_user_search" USING gin ("tenant_id", "texts" gin_trgm_ops, search_pairs("texts")) WITH (gin_pending_list_limit = 512);
CREATE INDEX "conversation_search_name_idx" ON "conversation_search" ("tenant_id", "name_key" COLLATE "C", "name" COLLATE "C", "id");
CREATE INDEX "conversation_search_texts_idx" ON "conversation_search" USING gin ("tenant_id", "texts" gin_trgm_ops, search_pairs("texts")) WITH (gin_pending_list_limit = 512);

-- Writes what these participants are found by. Telephone numbers are found by their digits.
CREATE FUNCTION "refresh_participant_search"("tenant" UUID, "ids" UUID[]) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO participant_search AS s (tenant_id, id, name, name_key, texts)
  SELECT p.tenant_id, p.id, p.display_name, name_key(p.display_name),
    E'\n' || search_text(p.display_name) || search_text(p.email) || coalesce((
      SELECT string_agg(a.text, '' ORDER BY a.text) FROM (
        SELECT search_text(c.address) AS text FROM channel c WHERE c.tenant_id = p.tenant_id AND c.participant_id = p.id
        UNION SELECT search_text(substr(c.identity_key, 2)) FROM channel c
          WHERE c.tenant_id = p.tenant_id AND c.participant_id = p.id AND c.identity_key LIKE '+%'
      ) a), '')
  FROM participant p WHERE p.tenant_id = refresh_participant_search.tenant AND p.id = ANY (refresh_participant_search.ids)
  ORDER BY p.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, texts = excluded.texts
  WHERE (s.name, s.texts) IS DISTINCT FROM (excluded.name, excluded.texts)
$$;

CREATE FUNCTION "refresh_external_user_search"("tenant" UUID, "ids" UUID[]) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO external_user_search AS s (tenant_id, id, name, name_key, texts)
  SELECT u.tenant_id, u.id, u.name, name_key(u.name),
    E'\n' || search_text(u.name) || CASE WHEN u.first_name IS NULL THEN '' ELSE search_text(u.last_name) END
      || search_text(u.email) || search_text(substr(u.phone_number, 2)) || search_text(substr(u.phone_key, 2)) || search_text(u.fk_id)
  FROM (
    SELECT r.*, coalesce(nullif(concat_ws(' ', r.first_name, r.last_name), ''), r.email, r.phone_number, r.fk_id, '') AS name
    FROM external_user r WHERE r.tenant_id = refresh_external_user_search.tenant AND r.id = ANY (refresh_external_user_search.ids)
  ) u
  ORDER BY u.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, texts = excluded.texts
  WHERE (s.name, s.texts) IS DISTINCT FROM (excluded.name, excluded.texts)
$$;

CREATE FUNCTION "refresh_conversation_search"("tenant" UUID, "ids" UUID[]) RETURNS VOID LANGUAGE sql AS $$
  INSERT INTO conversation_search AS s (tenant_id, id, name, name_key, texts)
  SELECT c.tenant_id, c.id, coalesce(c.name, ''), name_key(coalesce(c.name, '')), E'\n' || search_text(c.name)
  FROM conversation c WHERE c.tenant_id = refresh_conversation_search.tenant AND c.id = ANY (refresh_conversation_search.ids)
    AND (c.name IS NOT NULL OR EXISTS (SELECT FROM conversation_search o WHERE o.tenant_id = c.tenant_id AND o.id = c.id))
  ORDER BY c.id
  ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, texts = excluded.texts
  WHERE (s.name, s.texts) IS DISTINCT FROM (excluded.name, excluded.texts)
$$;

-- Inserted rows are taken a statement at a time, which an import gains from. Updates are looked at row by row: most change nothing of this.
CREATE FUNCTION "search_inserted"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  each RECORD;
BEGIN
  IF TG_TABLE_NAME = 'channel' THEN
    FOR each IN SELECT tenant_id, array_agg(DISTINCT participant_id) AS ids FROM inserted GROUP BY tenant_id LOOP
      PERFORM refresh_participant_search(each.tenant_id, each.ids);
    END LOOP;
    RETURN NULL;
  END IF;
  FOR each IN SELECT tenant_id, array_agg(id) AS ids FROM inserted GROUP BY tenant_id LOOP
    CASE TG_TABLE_NAME
      WHEN 'participant' THEN PERFORM refresh_participant_search(each.tenant_id, each.ids);
      WHEN 'external_user' THEN PERFORM refresh_external_user_search(each.tenant_id, each.ids);
      ELSE PERFORM refresh_conversation_search(each.tenant_id, each.ids);
    END CASE;
  END LOOP;
  RETURN NULL;
END $$;

CREATE FUNCTION "search_updated"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  CASE TG_TABLE_NAME
    WHEN 'participant' THEN PERFORM refresh_participant_search(NEW.tenant_id, ARRAY[NEW.id]);
    WHEN 'external_user' THEN PERFORM refresh_external_user_search(NEW.tenant_id, ARRAY[NEW.id]);
    WHEN 'conversation' THEN PERFORM refresh_conversation_search(NEW.tenant_id, ARRAY[NEW.id]);
    ELSE
      PERFORM refresh_participant_search(OLD.tenant_id, ARRAY[OLD.participant_id]);
      IF TG_OP = 'UPDATE' THEN
        IF NEW.participant_id <> OLD.participant_id THEN
          PERFORM refresh_participant_search(NEW.tenant_id, ARRAY[NEW.participant_id]);
        END IF;
      END IF;
  END CASE;
  RETURN NULL;
END $$;
